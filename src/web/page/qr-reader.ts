import { type Payload, readPayload } from "../../qr/payload.ts";
import type { Patience } from "../../qr/read-code.ts";
import { pixelsOn } from "../browser/canvas.ts";
import type { Question, Reply } from "./qr-worker.ts";

/** Pixels of the longer side of a picture in which a code is searched. */
const MOST = 1024;

/** How hard to search: in a picture that may have no code, and in one frame of many. */
export const STILL: Patience = { effort: 10, timeLimit: 300 };
export const FRAME: Patience = { effort: 2, timeLimit: 50 };

const waiting = new Map<number, (bytes: Uint8Array | undefined) => void>();
let worker: Worker | undefined;
let nextId = 0;

/**
 * The content of the QR code in a picture; undefined if there is none. Throws `bad-file` if the code is not one of
 * ours, `unavailable` if the browser hides pixels. The reader is loaded at the first call.
 */
export async function payloadIn(
  source: ImageBitmap | HTMLVideoElement,
  patience: Patience,
): Promise<Payload | undefined> {
  const pixels = pixelsOf(source);
  if (!pixels) return undefined;
  worker ??= started();
  const question: Question = { id: nextId++, pixels, patience };
  const reply = new Promise<Uint8Array | undefined>((resolve) => waiting.set(question.id, resolve));
  worker.postMessage(question, [pixels.data.buffer]);
  const bytes = await reply;
  return bytes && readPayload(bytes);
}

function started(): Worker {
  const made = new Worker(new URL("qr-worker.js", import.meta.url), { type: "module" });
  made.onmessage = ({ data: { id, bytes } }: MessageEvent<Reply>) => {
    waiting.get(id)?.(bytes);
    waiting.delete(id);
  };
  made.onerror = (event) => {
    event.preventDefault(); // if the worker does not start, no code is found
    worker = undefined;
    for (const resolve of waiting.values()) resolve(undefined);
    waiting.clear();
  };
  return made;
}

function pixelsOf(source: ImageBitmap | HTMLVideoElement): ImageData | undefined {
  const [width, height] =
    source instanceof HTMLVideoElement
      ? [source.videoWidth, source.videoHeight]
      : [source.width, source.height];
  const by = Math.min(1, MOST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * by);
  canvas.height = Math.round(height * by);
  if (canvas.width === 0 || canvas.height === 0) return undefined;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return pixelsOn(context, canvas.width, canvas.height);
}
