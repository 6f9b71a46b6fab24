import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { Command } from "commander";
import { ZippyNetError } from "../codec/errors.ts";
import { describeFile, readFile as readZn } from "../codec/file.ts";
import { toInline } from "../codec/inline.ts";
import { decodePicture } from "../image/decode.ts";
import { type PictureFormat, writeImage } from "../image/write.ts";
import { openModels } from "../model/folder.ts";
import { type Payload, readPayload } from "../qr/payload.ts";
import { readCode } from "../qr/read.ts";
import { verifierOf } from "../qr/signature.ts";
import { readBytes, writeBytes } from "./files.ts";
import { usage } from "./usage.ts";

export interface ReadOptions {
  readonly output?: string;
  readonly verify?: string;
  readonly json?: boolean;
}

const FORMATS: Readonly<Record<string, PictureFormat | "zn">> = {
  ".png": "png",
  ".webp": "webp",
  ".avif": "avif",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".zn": "zn",
};

/** `zippynet qr --read`. Throws, and writes nothing, where a signature was to be verified and does not fit. */
export async function readQr(path: string, options: ReadOptions, command: Command): Promise<void> {
  const { output, verify, json } = options;
  const format = output === undefined ? undefined : FORMATS[extname(output).toLowerCase()];
  if (output !== undefined && !format) {
    usage(command, `expected --output with a file of ${Object.keys(FORMATS).join(", ")}, got ${output}`);
  }
  const verifier = verify === undefined ? undefined : verifierOf(await readFile(verify, "utf8"));
  const payload = readPayload(await readCode(await readBytes(path)));
  if (verifier) assertSigned(payload, verifier, verify!);
  const { file, text, signed } = payload;
  const { width, height, kind } = describeFile(readZn(file));
  if (output !== undefined && format) {
    const bytes =
      format === "zn" ? file : await writeImage(await decodePicture(await openModels(), file), format);
    await writeBytes(output, bytes);
  }
  const signature = !signed ? "none" : verifier ? "verified" : "not checked";
  if (json) {
    const picture = { width, height, kind, bytes: file.length, inline: toInline(file) };
    process.stdout.write(`${JSON.stringify({ in: path, ...picture, text, signature }, undefined, 2)}\n`);
    return;
  }
  console.log(
    `picture    ${width}×${height}, ${file.length} bytes${output === undefined ? "" : `, in ${output}`}`,
  );
  console.log(`signature  ${signature}`);
  // control characters of a stranger's text are not for this terminal
  if (text !== undefined) console.log(`text       ${text.replace(/\p{Cc}/gu, "�")}`);
}

function assertSigned({ signed }: Payload, fits: ReturnType<typeof verifierOf>, key: string): void {
  if (!signed)
    throw new ZippyNetError("bad-signature", `expected a signature that ${key} verifies, got none`);
  if (!fits(signed)) {
    throw new ZippyNetError(
      "bad-signature",
      `expected a signature that ${key} verifies, got one of another key or of other content`,
    );
  }
}
