import { ZippyNetError } from "../codec/errors.ts";

/** Pixels up to which classical frames are decoded, and pictures encoded. */
export const MAX_PIXELS = 25_000_000;

/**
 * Imports a module that uses sharp: only what needs it, for who decodes latents needs not have it. Throws `unavailable`
 * where it is not installed, or not for this machine.
 */
export async function withSharp<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (!(cause instanceof Error) || !/package 'sharp'|"sharp" module/.test(cause.message)) throw cause;
    const wanted = "expected the package sharp, for frames of VP8 and AV1 and for transparency";
    const how = "npm install sharp, or encode with classical: false";
    throw new ZippyNetError("unavailable", `${wanted}: ${how} (${cause.message.split("\n")[0]})`, { cause });
  }
}
