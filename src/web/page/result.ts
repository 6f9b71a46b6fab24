/** The card of the result: two pictures, one over the other, their numbers, and the file as text. */
import type { ModelInfo } from "../../api/models.ts";
import { messageOf } from "../../codec/errors.ts";
import { readZn } from "../../codec/format/zn-file.ts";
import { decode, listModels } from "../browser/decode.ts";
import { canvasOf } from "../browser/picture.ts";
import { at, chosen } from "./dom.ts";
import { clearInline, showInline } from "./inline-panel.ts";
import { Newest } from "./latest.ts";
import { inBytes, inDecibels, psnrOf } from "./measure.ts";
import { PEERS, type Peer, peerWithin } from "./peer.ts";
import { clearQr, showQr } from "./qr-panel.ts";

/** A file, and the picture that it was made from. */
export interface Result {
  readonly original: ImageData;
  readonly file: Uint8Array;
  /** In dB. Undefined for a file that was opened: it has no original to be compared with. */
  readonly psnr: number | undefined;
}

/** The state of the card. By it page.css dims or hides what belongs to an older picture. */
export type State = "busy" | "moving" | "done" | "opened" | "failed";

const [card, status, views] = [at("result", "section" as "div"), at("status", "p"), at("views", "div")];
const peerShown = new Newest();
export const models: ReadonlyMap<number, ModelInfo> = new Map(
  (await listModels()).map((model) => [model.number, model]),
);

export function enter(state: State): void {
  card.dataset["state"] = state;
}

/** How much work for the picture is under way; its limits, curves and looks count too. */
let busy = 0;

/** Marks the card as busy until the work is done. */
export async function whileBusy<T>(work: Promise<T>): Promise<T> {
  busy++;
  card.ariaBusy = "true";
  try {
    return await work;
  } finally {
    busy--;
    card.ariaBusy = String(busy > 0);
  }
}

/** The model that made a file; undefined for a classical codec's frame. */
export function modelOf(file: Uint8Array): ModelInfo | undefined {
  const zn = readZn(file);
  return zn.kind === "latents" ? models.get(zn.header.model) : undefined;
}

/** Decodes a file and measures it against the original. */
export async function resultOf(original: ImageData, file: Uint8Array) {
  const picture = await decode(file);
  return { original, file, picture, psnr: psnrOf(original, picture) };
}

/** Fills the card, except for our picture, which the look switch paints, and the other codec's. */
export function showResult({
  original,
  file,
  picture,
  psnr,
}: Result & { readonly picture: ImageData }): void {
  canvasOf(original, at("original", "canvas"));
  views.style.setProperty("--side", `${Math.max(picture.width, picture.height)}px`);
  const { width, height } = picture;
  at("own-text", "span").textContent =
    psnr === undefined ? inBytes(file.length) : `${inBytes(file.length)}, ${inDecibels(psnr)}`;
  at("original-text", "p").textContent =
    `${width}×${height} pixels, ${inBytes(width * height * 3)} of red, green and blue`;
  const model = modelOf(file);
  at("model-text", "p").textContent = model
    ? [`${model.name}: ${model.description}`, model.licence].filter(Boolean).join("; licence: ")
    : "Without a model: a classical codec's frame.";
  showInline(file, picture);
  showQr(file);
  at("own", "canvas").hidden = false;
  for (const image of views.querySelectorAll("img")) image.remove(); // those that the build made
}

/**
 * Shows what our picture is compared with: the original, or the other codec at the same bytes or at its smallest. Gives
 * a sentence about it, or undefined if another comparison was chosen meanwhile.
 */
export async function showPeer({ original, file, psnr = Number.NaN }: Result): Promise<string | undefined> {
  const type = chosen("peer") as Peer | "original";
  const [name, text, note] = [at("peer-name", "b"), at("peer-text", "span"), at("peer-note", "p")];
  const bytes = file.length;
  let more = "";
  if (type === "original") {
    await peerShown.of(Promise.resolve());
    name.textContent = "Original";
    text.textContent = `${original.width}×${original.height}`;
    note.textContent = "";
  } else {
    const found = await peerShown.of(peerWithin(original, type, bytes));
    if (!found) return undefined;
    canvasOf(found.picture, at("peer", "canvas"));
    name.textContent = PEERS[type];
    text.textContent = `${inBytes(found.bytes)}, ${inDecibels(found.psnr)}`;
    const over = found.bytes > bytes;
    note.textContent = over
      ? `${PEERS[type]} cannot go down to ${inBytes(bytes)}: this is the smallest that your browser writes.`
      : `The best ${PEERS[type]} of your browser in at most ${inBytes(bytes)}.`;
    const worse = found.psnr < psnr ? "a worse one" : "a better one";
    if (over) more = ` ${PEERS[type]} needs ${found.bytes.toLocaleString()} for ${worse}.`;
  }
  for (const id of ["original", "peer"] as const)
    at(id, "canvas").hidden = (id === "original") !== (type === "original");
  headline(`${inBytes(bytes)}.${more}`);
  return `1/${Math.round((original.width * original.height * 3) / bytes)} of the raw pixels.`;
}

export function headline(text: string): void {
  at("headline", "h1").textContent = text;
}

/** Writes the line of the status. The same text is not written again, so that it is not read aloud twice. */
export function say(text: string, isBad = false): void {
  status.classList.toggle("bad", isBad);
  if (status.textContent !== text) status.textContent = text;
}

/** Clears all that was made from the picture, and says what went wrong. */
export function fail(error: unknown): void {
  enter("failed");
  clearInline();
  clearQr();
  for (const id of ["own-text", "peer-text"] as const) at(id, "span").textContent = "";
  for (const id of ["model-text", "peer-note", "original-text"] as const) at(id, "p").textContent = "";
  clearCurves();
  headline("No picture");
  status.classList.add("bad");
  status.textContent = messageOf(error);
}

export function clearCurves(): void {
  at("curve", "div").replaceChildren();
  at("curve-table", "table").replaceChildren();
}
