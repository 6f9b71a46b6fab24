/** The wall's script: decodes all pictures of its document at once and says how long that took. */
import { decode, preload } from "../browser/decode.ts";
import { canvasOf } from "../browser/picture.ts";
import { at, messageOf } from "./dom.ts";

async function run(): Promise<string> {
  const canvases = [...document.querySelectorAll<HTMLCanvasElement>("canvas[data-zn]")];
  const images = [...document.querySelectorAll<HTMLImageElement>("main img")];
  const count = canvases.length + images.length;
  let start = performance.now();
  if (canvases.length > 0) await preload();
  const loading = performance.now() - start;
  start = performance.now();
  await Promise.all([
    ...canvases.map(async (canvas) => canvasOf(await decode(canvas.dataset["zn"]!), canvas)),
    ...images.map((image) => image.decode()),
  ]);
  const decoding = performance.now() - start;
  const rate = Math.round((count / decoding) * 1000).toLocaleString();
  const loaded =
    canvases.length > 0 ? `; code and model, once: ${Math.round(loading).toLocaleString()} ms` : "";
  return `${count.toLocaleString()} pictures decoded in ${Math.round(decoding).toLocaleString()} ms, ${rate} a second${loaded}`;
}

function size(): string {
  const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  if (!entry) return "";
  const bytes = (value: number): string => value.toLocaleString();
  return `${bytes(entry.decodedBodySize)} bytes, ${bytes(entry.encodedBodySize)} as sent`;
}

at("size", "span").textContent = size();
const result = at("result", "p");
result.textContent = "Decoding …";
run().then(
  (text) => {
    result.textContent = text;
  },
  (error: unknown) => {
    result.textContent = messageOf(error);
    result.classList.add("bad");
  },
);
