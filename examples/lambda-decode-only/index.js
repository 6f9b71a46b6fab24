import portraits from "@zippynet/model-portraits-4";
import { configure, decode } from "zippynet/decode";

configure({ models: [portraits] });

/** What a text can cause: only browsers decode the classical codecs, which are `unavailable` here. */
const OF_THE_TEXT = ["bad-file", "too-large", "unknown-model", "unavailable"];

/**
 * `GET /?text=…`: a picture as BMP. 45 kB of code and the weights of one model; install with `npm install
 * --omit=optional`.
 */
export async function handler(event) {
  try {
    const { width, height, data } = await decode(event.queryStringParameters?.text ?? "");
    return {
      statusCode: 200,
      headers: { "content-type": "image/bmp", "cache-control": "public, max-age=31536000, immutable" },
      body: bitmap(width, height, data).toString("base64"),
      isBase64Encoded: true,
    };
  } catch (error) {
    if (!OF_THE_TEXT.includes(error.code)) throw error;
    return { statusCode: 400, headers: { "content-type": "text/plain; charset=utf-8" }, body: error.message };
  }
}

/** A header of 54 bytes, then rows from the lowest, blue first, each filled up to a multiple of 4 bytes. */
function bitmap(width, height, rgba) {
  const row = Math.ceil((width * 3) / 4) * 4;
  const file = Buffer.alloc(54 + row * height);
  file.write("BM", 0, "latin1");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 4;
      const to = 54 + (height - 1 - y) * row + x * 3;
      for (let c = 0; c < 3; c++) file[to + c] = rgba[from + 2 - c];
    }
  }
  return file;
}
