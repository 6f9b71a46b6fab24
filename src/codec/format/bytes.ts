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

/** That bytes are not a `.zn` file: none that an encoder could have written. */
export function notZn(why: string, options?: ErrorOptions): ZippyNetError {
  return new ZippyNetError("bad-file", `not a .zn file: ${why}`, options);
}

/** That bytes were a `.zn` file once: they have its form, and contradict themselves. */
export function damagedZn(why: string): ZippyNetError {
  return new ZippyNetError("bad-file", `damaged .zn file: ${why}`);
}
