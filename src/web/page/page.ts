/** The page: a picture, cropped, encoded, beside the same bytes of WebP or JPEG, and ways to take it along. */
import type { EncodeOptions } from "../../api/options.ts";
import { onProgress } from "../browser/client.ts";
import { decode } from "../browser/decode.ts";
import { encode } from "../browser/encode.ts";
import { canvasOf } from "../browser/picture.ts";
import { squareOf } from "../browser/square.ts";
import { Cropper } from "./crop.ts";
import { drawCurves } from "./curve-panel.ts";
import { at, chosen, messageOf } from "./dom.ts";
import { Latest, Newest, type Stale } from "./latest.ts";
import { inBytes, inDecibels, psnrOf } from "./measure.ts";
import { PEERS, type Peer, peerWithin, writes } from "./peer.ts";
import { listenForPictures } from "./pick.ts";
import { showQr } from "./qr-panel.ts";
import { listenForSettings, wanted } from "./settings.ts";
import { listenForCopies, showInline } from "./take-along.ts";
import { listenForUploads } from "./upload.ts";

/** What is shown. */
interface Shown {
  readonly original: ImageData;
  readonly file: Uint8Array;
  readonly quality: number | undefined;
}

const [status, views] = [at("status", "p"), at("views", "div")];
const jobs = new Latest();
const peerShown = new Newest();
let shown: Shown | undefined;
const peers: Peer[] = [];
/** Models to encode with: the first until a picture is shown, then all, whose weights come meanwhile. */
let model: Pick<EncodeOptions, "model"> = { model: 1 };
/** Whether the others are still to be asked for. */
let alone = true;

const cropper = new Cropper(() => refresh());

function refresh(): void {
  jobs.run(async (stale) => {
    // until the hand rests: a drag asks sixty times a second
    await new Promise((resolve) => setTimeout(resolve, 60));
    if (stale()) return;
    try {
      await study(stale);
    } catch (error) {
      if (!stale()) fail(error);
    } finally {
      views.classList.remove("busy");
    }
  });
}

async function study(stale: Stale): Promise<void> {
  const { bitmap } = cropper;
  if (!bitmap) return;
  const { options, side } = wanted();
  const original = squareOf(bitmap, side, cropper.crop);
  canvasOf(original, at("original", "canvas"));
  at("original-text", "span").textContent = `${side}×${side}`;
  views.classList.add("busy");
  say(shown ? "Encoding …" : "Loading the model …");

  const file = await encode(original, { ...options, ...model });
  const picture = await decode(file);
  const psnr = psnrOf(original, picture);
  shown = { original, file, quality: options.quality };
  canvasOf(picture, at("own", "canvas"));
  at("own-text", "span").textContent = `${inBytes(file.length)}, ${inDecibels(psnr)}`;
  showInline(file, side);
  showQr(file);
  await showPeer(original, file.length);
  views.classList.remove("busy");
  if (!stale()) await drawCurves(original, { bytes: file.length, psnr }, { peers, model, stale });
  if (alone) void takeAll(original);
  alone = false;
}

/** Loads the other models (4 MB each) behind a picture's back: from the next change on the best of all is shown. */
async function takeAll(original: ImageData): Promise<void> {
  const { connection } = navigator as { connection?: { saveData?: boolean } }; // Chromium's; TypeScript does not know it
  if (connection?.saveData) return;
  const loaded = await encode(original, { model: "auto" }).catch(() => undefined);
  if (loaded) model = { model: "auto" }; // else off line: the first will do
}

/** The other codec at the same bytes, or at its smallest; dropped if meanwhile another is chosen. */
async function showPeer(original: ImageData, bytes: number): Promise<void> {
  const type = chosen("peer") as Peer;
  const name = PEERS[type];
  const found = await peerShown.of(peerWithin(original, type, bytes));
  if (!found) return;
  canvasOf(found.picture, at("peer", "canvas"));
  at("peer-name", "b").textContent = name;
  at("peer-text", "span").textContent = `${inBytes(found.bytes)}, ${inDecibels(found.psnr)}`;
  at("peer-note", "p").textContent =
    found.bytes > bytes
      ? `${name} cannot go down to ${inBytes(bytes)}: this is the smallest that your browser writes.`
      : `The best ${name} of your browser in at most ${inBytes(bytes)}.`;
  const share = `${inBytes(bytes)}, 1/${Math.round((original.width * original.height * 3) / bytes)} of the raw pixels`;
  const times = (found.bytes / bytes).toFixed(1);
  say(found.bytes > bytes ? `${share}; the ${name} beside it has ${times} times as many.` : `${share}.`);
}

function say(text: string): void {
  status.classList.remove("bad");
  status.textContent = text;
}

function fail(error: unknown): void {
  status.classList.add("bad");
  status.textContent = messageOf(error);
}

/** Turns off the formats that this browser does not write. */
async function findPeers(): Promise<void> {
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name="peer"]')) {
    const type = input.value as Peer;
    if (await writes(type)) peers.push(type);
    else {
      input.disabled = true;
      input.title = `this browser does not write ${PEERS[type]}`;
    }
  }
  const [first] = peers;
  if (first) document.querySelector<HTMLInputElement>(`input[value="${first}"]`)!.checked = true;
}

await findPeers();
listenForSettings(refresh);
listenForCopies();
listenForPictures({ picked: (picture) => cropper.show(picture), failed: fail });
for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="peer"]')) {
  radio.addEventListener("change", () => {
    if (shown) showPeer(shown.original, shown.file.length).catch(fail);
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
  const { loaded, total } = told;
  progress.hidden = loaded >= total || shown !== undefined; // what comes behind a picture's back moves nothing on the page
  progress.value = loaded / total;
});

void listenForUploads(() => shown && { picture: shown.original, quality: shown.quality });

// without one the page works all the same, on line
void navigator.serviceWorker?.register("offline.js").catch(() => undefined);
