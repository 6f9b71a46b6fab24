import type { EncodeOptions } from "../../api/options.ts";
import { at, chosen } from "./dom.ts";

/** What the reader asks for. */
export interface Wanted {
  readonly options: Pick<EncodeOptions, "quality" | "maxBytes">;
  /** Pixels of the square. */
  readonly side: number;
}

/** The byte slider is geometric: 30 to 3000. */
const LEAST = 30;
const RATIO = 100;

export function wanted(): Wanted {
  const value = Number(at("amount", "input").value);
  const options = chosen("target") === "bytes" ? { maxBytes: bytesAt(value) } : { quality: value };
  return { options, side: Number(at("side", "select").value) };
}

/** Calls back on every change; keeps the number beside the slider, and a place of its own for each kind of target. */
export function listenForSettings(changed: () => void): void {
  const [amount, text] = [at("amount", "input"), at("amount-text", "output")];
  const places: Record<string, string> = { quality: "50", bytes: "33" };
  const tell = (): void => {
    const kind = chosen("target");
    places[kind] = amount.value;
    const { options } = wanted();
    text.value = options.maxBytes === undefined ? String(options.quality) : `≤ ${options.maxBytes} B`;
    amount.setAttribute("aria-label", kind === "bytes" ? "At most so many bytes" : "Quality");
    amount.setAttribute("aria-valuetext", text.value);
    changed();
  };
  amount.addEventListener("input", tell);
  at("side", "select").addEventListener("change", tell);
  for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="target"]')) {
    radio.addEventListener("change", () => {
      amount.value = places[radio.value]!;
      tell();
    });
  }
  at("settings", "form").addEventListener("submit", (event) => event.preventDefault());
}

/** @param value 1–100 */
function bytesAt(value: number): number {
  return Math.round(LEAST * RATIO ** ((value - 1) / 99));
}
