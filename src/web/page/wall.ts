/** The wall's script: loads the decoder, shows each picture once it is decoded, and shows how long that took. */

import { messageOf } from "../../codec/errors.ts";
import { preload } from "../browser/decode.ts";
import { defineZippyImage, type ZippyImage } from "../browser/element.ts";
import { at, chosen } from "./dom.ts";

const result = at("result", "p");
const [wall, split] = [at("wall", "div"), at("split", "input")];
split.addEventListener("input", () => wall.style.setProperty("--part", String(Number(split.value) / 100)));

const pictures = [...wall.querySelectorAll<ZippyImage>("zippy-img")];
/** Counts how often the wall was decoded. Only the newest time is shown. */
let newest = 0;

for (const radio of document.querySelectorAll('input[name="look"]'))
  radio.addEventListener("change", () => void changeLook());

const began = performance.now();
preload(wall.dataset["model"])
  .then(() => {
    const loading = whole(performance.now() - began);
    defineZippyImage();
    return decodeAll((first) => `, the first after ${first} ms; code and weights before that: ${loading} ms`);
  })
  .catch(fail);

/** Decodes all pictures by the chosen look; by the faithful one if the other does not come. */
async function changeLook(): Promise<void> {
  const setLook = (look: string): void => {
    for (const picture of pictures) picture.look = look;
  };
  const look = chosen("look");
  setLook(look);
  try {
    await decodeAll(() => ` in the ${look} look`);
  } catch (error) {
    fail(error);
    if (look === "faithful") return;
    document.querySelector<HTMLInputElement>('input[name="look"][value="faithful"]')!.checked = true;
    setLook("faithful");
  }
}

/**
 * Waits for all pictures and shows how many are there, unless they are decoded anew meanwhile. Throws what the first
 * that failed did.
 * @param more what to add in the end; called with the milliseconds after which the first picture was there
 */
async function decodeAll(more: (first: string) => string): Promise<void> {
  const turn = ++newest;
  const start = performance.now();
  let [done, first] = [0, 0];
  const showCount = (): void => {
    if (turn !== newest) return;
    result.textContent = `Decoding … ${whole(done)} of ${whole(pictures.length)}`;
    frame = requestAnimationFrame(showCount);
  };
  let frame = requestAnimationFrame(showCount);
  const outcomes = await Promise.allSettled(
    pictures.map(async (picture) => {
      await picture.decode();
      first ||= performance.now() - start;
      done++;
    }),
  );
  cancelAnimationFrame(frame);
  if (turn !== newest) return;
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  const spent = performance.now() - start;
  const rate = whole((pictures.length / spent) * 1000);
  result.classList.remove("bad");
  result.textContent = `${whole(pictures.length)} pictures decoded in ${whole(spent)} ms (${rate} a second)${more(whole(first))}.`;
}

function fail(error: unknown): void {
  result.textContent = messageOf(error);
  result.classList.add("bad");
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
