import { ZippyNetError } from "../codec/errors.ts";

/**
 * Imports a module that uses sharp. Only what needs sharp loads it, because decoding latents works without. Throws
 * `unavailable` if sharp is not installed, or not for this machine.
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
