import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { ZippyNetError } from "../../codec/errors.ts";
import { readZn, type ZnFile } from "../../codec/format/zn-file.ts";
import { sniff } from "../../image/sniff.ts";
import { STANDARD } from "./inputs.ts";
import { writeWhole } from "./outputs.ts";

/** More than the largest `.zn` file: 25 million pixels of noise without loss. */
const MAX_BYTES = 128 * 1024 * 1024;

/**
 * A file, or standard input to its end. A file of more bytes than are allowed is not read at all, and a stream, pipe or
 * device only up to there: `too-large`.
 */
export async function readBytes(path: string, maxBytes = MAX_BYTES): Promise<Uint8Array> {
  if (path === STANDARD) return readStream(process.stdin, maxBytes);
  const file = await stat(path);
  if (file.size > maxBytes)
    throw new ZippyNetError("too-large", `expected a file of at most ${maxBytes} bytes, got ${file.size}`);
  return file.isFile() ? readFile(path) : readStream(createReadStream(path), maxBytes);
}

async function readStream(stream: AsyncIterable<Buffer>, maxBytes: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stream) {
    length += part.length;
    if (length > maxBytes)
      throw new ZippyNetError("too-large", `expected at most ${maxBytes} bytes, got more`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Writes a file, whole or not at all, or standard output. */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  if (path !== STANDARD) return writeWhole(path, bytes);
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** Parses a `.zn` file. Throws `bad-file`. If the bytes are an image, the error says so. */
export function readZnBytes(bytes: Uint8Array): ZnFile {
  try {
    return readZn(bytes);
  } catch (error) {
    const mediaType = sniff(bytes);
    if (!mediaType?.startsWith("image/")) throw error;
    const what = mediaType.slice("image/".length).toUpperCase();
    throw new ZippyNetError(
      "bad-file",
      `expected a .zn file, got an image (${what}): did you mean zippynet encode?`,
    );
  }
}
