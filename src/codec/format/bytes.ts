import { ZippyNetError } from "../errors.ts";

/** Arrays of bytes, one after the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The error of bytes that are not a `.zn` file. */
export function notZn(why: string, options?: ErrorOptions): ZippyNetError {
  return new ZippyNetError("bad-file", `not a .zn file: ${why}`, options);
}

/** The error of a `.zn` file that was altered: its form is right, but it contradicts itself. */
export function damagedZn(why: string, options?: ErrorOptions): ZippyNetError {
  return new ZippyNetError("bad-file", `damaged .zn file: ${why}`, options);
}
