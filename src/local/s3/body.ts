import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { crc32 } from "node:zlib";
import { S3Error } from "./errors.ts";

/** The most bytes of one request, because this server holds an upload in memory. */
const MAX_BODY = 256 * 1024 * 1024;

/**
 * The bytes of an object in a PUT or POST: without chunked signing (`aws-chunked`), and with length, MD5 and CRC-32
 * checked if the client sends them.
 */
export async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MAX_BODY) throw tooLarge(length);
    pieces.push(piece);
  }
  const sent = Buffer.concat(pieces);
  const { headers } = request;
  const streaming = String(headers["x-amz-content-sha256"] ?? "").startsWith("STREAMING-");
  const body = streaming || isAwsChunked(headers["content-encoding"]) ? unchunk(sent) : sent;
  const stated = headers["x-amz-decoded-content-length"];
  if (stated !== undefined && Number(stated) !== body.length) {
    throw new S3Error(400, "IncompleteBody", `expected ${String(stated)} bytes, got ${body.length}`);
  }
  const md5 = headers["content-md5"];
  if (md5 !== undefined && createHash("md5").update(body).digest("base64") !== md5) throw badDigest("MD5");
  const crc = headers["x-amz-checksum-crc32"];
  if (crc !== undefined && crc !== base64OfCrc32(body)) throw badDigest("CRC-32");
  return body;
}

/** `content-encoding` without `aws-chunked`, which concerns only the transfer. */
export function contentEncoding(header: string | undefined): string | undefined {
  const rest = (header ?? "")
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "aws-chunked");
  return rest.length > 0 ? rest.join(",") : undefined;
}

function isAwsChunked(header: string | undefined): boolean {
  return (header ?? "").split(",").some((coding) => coding.trim() === "aws-chunked");
}

/**
 * Chunks of `{length in hex}[;chunk-signature=…]\r\n{bytes}\r\n`; the last one has length 0 and is followed by
 * trailers.
 */
function unchunk(sent: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = sent.indexOf("\r\n", at);
    const length = end < 0 ? Number.NaN : Number.parseInt(sent.toString("latin1", at, end), 16);
    if (!Number.isInteger(length) || length < 0 || end + 2 + length > sent.length) {
      throw new S3Error(400, "IncompleteBody", `expected an aws-chunked body, got a broken chunk at ${at}`);
    }
    if (length === 0) return Buffer.concat(pieces);
    pieces.push(sent.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
}

function base64OfCrc32(body: Uint8Array): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString("base64");
}

function tooLarge(length: number): S3Error {
  return new S3Error(
    400,
    "EntityTooLarge",
    `expected at most ${MAX_BODY} bytes in one request, got ${length}`,
  );
}

function badDigest(kind: string): S3Error {
  return new S3Error(400, "BadDigest", `The body does not have the ${kind} that the request states`);
}
