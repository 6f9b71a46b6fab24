import type { EncodeOptions } from "../../api/options.ts";
import { at, chosen } from "./dom.ts";

/** What the reader asks for. */
export interface Wanted {
  readonly options: Pick<EncodeOptions, "quality" | "maxBytes">;
  /** Pixels of the square. */
  readonly side: number;
  /** Number of a model; undefined for the best of all. */
  readonly model: number | undefined;
}

/** The byte slider is geometric: from the least that the picture needs to this. */
const MOST = 3000;

const values = { quality: 50, bytes: 100 };
/** Bytes of the smallest file of the picture, once known. */
let least = 30;

export function wanted(): Wanted {
  const options = isBytes() ? { maxBytes: values.bytes } : { quality: values.quality };
  const model = at("model", "select").value;
  return {
    options,
    side: Number(at("side", "select").value),
    model: model === "auto" ? undefined : Number(model),
  };
}

/** Says how few bytes the picture can have: the slider begins there, and what is asked for is no less. */
export function limitBytes(bytes: number): void {
  least = Math.min(bytes, MOST - 1);
  values.bytes = Math.max(values.bytes, bytes);
  show();
}

/** Asks for so many bytes. @param most bytes at most */
export function askBytes(most: number): void {
  values.bytes = most;
  show();
}

/** Calls back on every change. */
export function listenForSettings(changed: () => void): void {
  const amount = at("amount", "input");
  amount.addEventListener("input", () => {
    const value = Number(amount.value);
    if (isBytes()) values.bytes = Math.round(least * (MOST / least) ** ((value - 1) / 99));
    else values.quality = value;
    tell();
    changed();
  });
  for (const id of ["side", "model"] as const) at(id, "select").addEventListener("change", changed);
  for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="target"]')) {
    radio.addEventListener("change", () => {
      show();
      changed();
    });
  }
  at("settings", "form").addEventListener("submit", (event) => event.preventDefault());
  show();
}

function isBytes(): boolean {
  return chosen("target") === "bytes";
}

/** Puts the slider where the value is. */
function show(): void {
  const place = 1 + (99 * Math.log(values.bytes / least)) / Math.log(MOST / least);
  at("amount", "input").value = String(isBytes() ? Math.round(place) : values.quality);
  tell();
}

function tell(): void {
  const [amount, text] = [at("amount", "input"), at("amount-text", "output")];
  text.value = isBytes() ? `≤ ${values.bytes} B` : String(values.quality);
  amount.setAttribute("aria-label", isBytes() ? "At most so many bytes" : "Quality");
  amount.setAttribute("aria-valuetext", text.value);
}
