/** The page: a picture, cropped, encoded, beside the same bytes of WebP or JPEG, and ways to take it along. */
import type { EncodeOptions } from "../../api/options.ts";
import { readZn } from "../../codec/format/zn-file.ts";
import { onProgress } from "../browser/client.ts";
import { decode, listModels } from "../browser/decode.ts";
import { encode } from "../browser/encode.ts";
import { canvasOf } from "../browser/picture.ts";
import { squareOf } from "../browser/square.ts";
import { Cropper } from "./crop.ts";
import { drawCurves } from "./curve-panel.ts";
import { at, chosen, make, messageOf } from "./dom.ts";
import { Latest, Newest, type Stale } from "./latest.ts";
import { inBytes, inDecibels, psnrOf } from "./measure.ts";
import { PEERS, type Peer, peerWithin, writes } from "./peer.ts";
import { listenForPictures } from "./pick.ts";
import { clearQr, showQr } from "./qr-panel.ts";
import { askBytes, limitBytes, listenForSettings, type Wanted, wanted } from "./settings.ts";
import { clearInline, listenForCopies, showInline } from "./take-along.ts";
import { listenForUploads } from "./upload.ts";

/** The model of the first picture, whose weights come first, and its bytes; the build fills it in. */
declare const ZIPPYNET_FIRST: { readonly model: number; readonly bytes: number };

/** What is shown. */
interface Shown {
  readonly original: ImageData;
  readonly file: Uint8Array;
  readonly wanted: Wanted;
}

const [result, status, views] = [at("result", "section" as "div"), at("status", "p"), at("views", "div")];
const jobs = new Latest();
const peerShown = new Newest();
const models = new Map((await listModels()).map((model) => [model.number, model]));
let shown: Shown | undefined;
let begun = false;
const peers: Peer[] = [];
/** The first picture's model until one is shown, then the best of all, whose weights come meanwhile. */
let best: Pick<EncodeOptions, "model"> = { model: ZIPPYNET_FIRST.model };
/** Whether the other weights are still to be asked for. */
let alone = true;

const cropper = new Cropper(() => refresh());

function refresh(): void {
  jobs.run(async (stale) => {
    // until the hand rests: a drag asks sixty times a second
    await new Promise((resolve) => setTimeout(resolve, 30));
    if (stale()) return;
    try {
      await study(stale);
    } catch (error) {
      if (!stale()) fail(error);
    }
  });
}

async function study(stale: Stale): Promise<void> {
  const { bitmap } = cropper;
  if (!bitmap) return;
  const { side, model } = wanted();
  const original = squareOf(bitmap, side, cropper.crop);
  if (begun) result.dataset["state"] = "busy"; // what the build made of the first picture stays until this comes
  begun = true;
  const by = model === undefined ? best : { model };
  if (wanted().options.maxBytes !== undefined) {
    limitBytes((await encode(original, { quality: 1, ...by })).length);
    if (stale()) return;
  }
  const now = wanted();
  const file = await encode(original, { ...now.options, ...by });
  const picture = await decode(file);
  const psnr = psnrOf(original, picture);
  shown = { original, file, wanted: now };
  canvasOf(original, at("original", "canvas"));
  canvasOf(picture, at("own", "canvas"));
  views.style.setProperty("--side", `${side}px`);
  at("own-text", "span").textContent = `${inBytes(file.length)}, ${inDecibels(psnr)}`;
  at("original-text", "p").textContent =
    `${side}×${side} pixels, ${inBytes(side * side * 3)} of red, green and blue`;
  tellModel(file);
  showInline(file, side);
  showQr(file);
  await showPeer(original, file, psnr);
  for (const image of views.querySelectorAll("img")) image.remove();
  at("own", "canvas").hidden = false;
  result.dataset["state"] = "done";
  if (!stale()) await drawCurves(original, { bytes: file.length, psnr }, { peers, model: by, stale });
  if (alone) void takeAll(original);
  alone = false;
}

/** Loads the other models behind a picture's back; then the best of all makes the picture anew. */
async function takeAll(original: ImageData): Promise<void> {
  const { connection } = navigator as { connection?: { saveData?: boolean } }; // Chromium's; TypeScript does not know it
  if (connection?.saveData || models.size < 2) return;
  const loaded = await encode(original, { model: "auto" }).catch(() => undefined);
  if (!loaded) return; // off line: the first will do
  best = { model: "auto" };
  refresh();
}

/** Which model made the file, and what its weights may be used for. */
function tellModel(file: Uint8Array): void {
  const zn = readZn(file);
  const model = zn.kind === "latents" ? models.get(zn.header.model) : undefined;
  const words =
    model && [`${model.name} (${model.description})`, model.licence].filter(Boolean).join("; licence: ");
  at("model-text", "span").textContent = words ?? "none";
}

/** The other codec at the same bytes, or at its smallest, or the original; dropped if meanwhile another is chosen. */
async function showPeer(original: ImageData, file: Uint8Array, psnr: number): Promise<void> {
  const type = chosen("peer") as Peer | "original";
  const [name, text, note] = [at("peer-name", "b"), at("peer-text", "span"), at("peer-note", "p")];
  const bytes = file.length;
  const share = `1/${Math.round((original.width * original.height * 3) / bytes)} of the raw pixels`;
  if (type === "original") {
    await peerShown.of(Promise.resolve());
    name.textContent = "Original";
    text.textContent = `${original.width}×${original.height}`;
    note.textContent = "";
    say(`${inBytes(bytes)}.`, `${share}.`);
  } else {
    const found = await peerShown.of(peerWithin(original, type, bytes));
    if (!found) return;
    canvasOf(found.picture, at("peer", "canvas"));
    name.textContent = PEERS[type];
    text.textContent = `${inBytes(found.bytes)}, ${inDecibels(found.psnr)}`;
    const over = found.bytes > bytes;
    note.textContent = over
      ? `${PEERS[type]} cannot go down to ${inBytes(bytes)}: this is the smallest that your browser writes.`
      : `The best ${PEERS[type]} of your browser in at most ${inBytes(bytes)}.`;
    const worse = found.psnr < psnr ? "a worse one" : "a better one";
    say(
      `${inBytes(bytes)}.${over ? ` ${PEERS[type]} needs ${found.bytes.toLocaleString()} for ${worse}.` : ""}`,
      `${share}.`,
    );
  }
  for (const id of ["original", "peer"] as const)
    at(id, "canvas").hidden = (id === "original") !== (type === "original");
}

function say(headline: string, text: string): void {
  at("headline", "h1").textContent = headline;
  status.classList.remove("bad");
  status.textContent = text;
}

/** Clears all that is made from the picture, and says why in words, with the way out where there is one. */
function fail(error: unknown): void {
  result.dataset["state"] = "failed";
  shown = undefined;
  clearInline();
  clearQr();
  for (const id of ["own-text", "peer-text", "model-text"] as const) at(id, "span").textContent = "";
  for (const id of ["peer-note", "original-text"] as const) at(id, "p").textContent = "";
  at("curve", "div").replaceChildren();
  at("curve-table", "table").replaceChildren();
  status.classList.add("bad");
  const least = /the least possible is (\d+)/.exec(messageOf(error))?.[1];
  if (least === undefined) {
    status.textContent = messageOf(error);
    return;
  }
  const use = make("button", `Use ${least}`, { type: "button" });
  use.addEventListener("click", () => {
    askBytes(Number(least));
    refresh();
  });
  status.replaceChildren(`${wanted().side} pixels of this picture need at least ${least} bytes. `, use);
}

/** Turns off the formats that this browser does not write. */
async function findPeers(): Promise<void> {
  for (const type of Object.keys(PEERS) as Peer[]) {
    const input = document.querySelector<HTMLInputElement>(`input[value="${type}"]`)!;
    if (await writes(type)) peers.push(type);
    else {
      input.disabled = true;
      input.title = `this browser does not write ${PEERS[type]}`;
    }
  }
  const first = peers[0] ?? "original";
  document.querySelector<HTMLInputElement>(`input[value="${first}"]`)!.checked = true;
}

const split = at("split", "input");
split.addEventListener("input", () => views.style.setProperty("--at", `${split.value}%`));

await findPeers();
for (const { number, name, description } of models.values())
  at("model", "select").append(make("option", `${name}: ${description}`, { value: String(number) }));
listenForSettings(refresh);
askBytes(ZIPPYNET_FIRST.bytes);
listenForCopies();
listenForPictures({ picked: (picture) => cropper.show(picture), failed: fail });
for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="peer"]')) {
  radio.addEventListener("change", () => {
    if (!shown) return;
    const { original, file } = shown;
    decode(file)
      .then((picture) => showPeer(original, file, psnrOf(original, picture)))
      .catch(fail);
  });
}
for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="view"]')) {
  radio.addEventListener("change", () => {
    views.dataset["view"] = radio.value;
  });
}
at("qr-text", "input").addEventListener("input", () => shown && showQr(shown.file));

const progress = at("progress", "progress");
onProgress((told) => {
  if (told.stage !== "weights") return;
  const { model, loaded, total } = told;
  progress.hidden = loaded >= total || shown !== undefined; // what comes behind a picture's back moves nothing on the page
  progress.value = loaded / total;
  const text = `Loading the model ${models.get(model)?.name ?? model}, ${(total / 1e6).toFixed(1)} MB`;
  if (!progress.hidden && status.textContent !== text) status.textContent = text;
});

void listenForUploads(() => shown && { picture: shown.original, file: shown.file, wanted: shown.wanted });

// without one the page works all the same, on line
void navigator.serviceWorker?.register("offline.js").catch(() => undefined);
