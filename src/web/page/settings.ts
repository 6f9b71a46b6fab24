import type { EncodeOptions } from "../../api/options.ts";
import { at, chosen } from "./dom.ts";
import type { Pace } from "./latest.ts";
import type { Limits } from "./limits.ts";
import { inDecibels } from "./measure.ts";

/** What the reader has set. */
export interface Wanted {
  readonly options: Pick<EncodeOptions, "quality" | "maxBytes" | "psnr">;
  /** Pixels of the square. */
  readonly side: number;
  /** Number of a model; undefined for the one that codes the picture best. */
  readonly model: number | undefined;
}

type Target = "quality" | "bytes" | "psnr";

/** Steps of the slider. In bytes they are geometric, from the fewest that the picture needs. */
const STEPS = 100;

const values: Record<Target, number> = { quality: 50, bytes: 100, psnr: 28 };
const ranges: Record<Target, readonly [number, number]> = {
  quality: [1, 100],
  bytes: [30, 3000],
  psnr: [20, 45],
};

export function wanted(): Wanted {
  const model = at("model", "select").value;
  const { quality, bytes, psnr } = values;
  return {
    options: { quality: { quality }, bytes: { maxBytes: bytes }, psnr: { psnr } }[target()],
    side: Number(at("side", "select").value),
    model: model === "auto" ? undefined : Number(model),
  };
}

/** Sets the range of the slider. Its value stays. */
export function limit({ bytes, psnr }: Limits): void {
  ranges.bytes = bytes;
  ranges.psnr = psnr;
  show();
}

/** Sets the most bytes or the least PSNR. */
export function ask({ maxBytes = values.bytes, psnr = values.psnr }: Wanted["options"]): void {
  values.bytes = maxBytes;
  values.psnr = psnr;
  show();
}

/** Calls back on every change, with whether the slider is still being moved. */
export function listenForSettings(changed: (pace: Pace) => void): void {
  const amount = at("amount", "input");
  amount.addEventListener("input", () => {
    values[target()] = valueAt(Number(amount.value));
    showAmount();
    changed("moving");
  });
  amount.addEventListener("change", () => changed("resting"));
  for (const id of ["side", "model"] as const)
    at(id, "select").addEventListener("change", () => changed("resting"));
  for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="target"]')) {
    radio.addEventListener("change", () => {
      show();
      changed("resting");
    });
  }
  at("settings", "form").addEventListener("submit", (event) => event.preventDefault());
  show();
}

function target(): Target {
  return chosen("target") as Target;
}

/** @param place 1–100 */
function valueAt(place: number): number {
  const [least, most] = ranges[target()];
  const share = (place - 1) / (STEPS - 1);
  if (target() === "bytes") return Math.round(least * (most / least) ** share);
  const value = least + (most - least) * share;
  return target() === "psnr" ? Math.floor(value * 10) / 10 : Math.round(value);
}

/** Moves the slider to its value. */
function show(): void {
  const [least, most] = ranges[target()];
  const value = values[target()];
  const share =
    target() === "bytes"
      ? Math.log(value / least) / Math.log(most / least)
      : (value - least) / (most - least);
  at("amount", "input").value = String(Math.round(1 + (STEPS - 1) * share));
  showAmount();
}

function showAmount(): void {
  const [amount, text] = [at("amount", "input"), at("amount-text", "output")];
  const { quality, bytes, psnr } = values;
  text.value = { quality: String(quality), bytes: `≤ ${bytes} B`, psnr: `≥ ${inDecibels(psnr)}` }[target()];
  const label = { quality: "Quality", bytes: "Most bytes", psnr: "Least PSNR" };
  amount.setAttribute("aria-label", label[target()]);
  amount.setAttribute("aria-valuetext", text.value);
}
