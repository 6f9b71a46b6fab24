import { readFile } from "node:fs/promises";

const END = 0x06054b50;
const ENTRY = 0x02014b50;

/** Bytes of a zip archive, and of all that is in it, as its directory says. */
export async function zipSizes(
  path: string,
): Promise<{ readonly zipped: number; readonly unzipped: number }> {
  const bytes = await readFile(path);
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06"));
  if (end < 0 || bytes.readUInt32LE(end) !== END) throw new Error(`${path}: expected a zip archive`);
  const entries = bytes.readUInt16LE(end + 10);
  let [at, unzipped] = [bytes.readUInt32LE(end + 16), 0];
  for (let i = 0; i < entries; i++) {
    if (bytes.readUInt32LE(at) !== ENTRY) throw new Error(`${path}: expected ${entries} entries, got ${i}`);
    unzipped += bytes.readUInt32LE(at + 24);
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return { zipped: bytes.length, unzipped };
}
