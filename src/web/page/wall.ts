/** The wall's script: what decodes comes first, then the pictures as they are ready; says how long that took. */
import { preload } from "../browser/decode.ts";
import { defineZippyImage, type ZippyImage } from "../browser/element.ts";
import { at, messageOf } from "./dom.ts";

const result = at("result", "p");
const [wall, split] = [at("wall", "div"), at("split", "input")];
split.addEventListener("input", () => wall.style.setProperty("--part", String(Number(split.value) / 100)));

const pictures = [...wall.querySelectorAll<ZippyImage>("zippy-img")];
const whole = (value: number): string => Math.round(value).toLocaleString("en");

run().catch((error: unknown) => {
  result.textContent = messageOf(error);
  result.classList.add("bad");
});

async function run(): Promise<void> {
  const began = performance.now();
  await preload(wall.dataset["model"]);
  const ready = performance.now();
  let [done, first] = [0, 0];
  wall.addEventListener(
    "load",
    ({ target }) => {
      if (!pictures.includes(target as ZippyImage)) return;
      first ||= performance.now() - ready;
      done++;
    },
    true, // it does not bubble
  );
  const show = (): void => {
    result.textContent = `Decoding … ${whole(done)} of ${whole(pictures.length)}`;
    frame = requestAnimationFrame(show);
  };
  let frame = requestAnimationFrame(show);
  defineZippyImage();
  const outcomes = await Promise.allSettled(pictures.map((picture) => picture.decode()));
  cancelAnimationFrame(frame);
  const spent = performance.now() - ready;
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  const rate = whole((pictures.length / spent) * 1000);
  result.textContent = `${whole(pictures.length)} pictures decoded in ${whole(spent)} ms (${rate} a second), the first after ${whole(first)} ms; code and weights before that: ${whole(ready - began)} ms.`;
}
