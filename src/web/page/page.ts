/** The page: encodes a crop of a picture, shows it beside WebP or JPEG of as many bytes, and offers it for copying. */
import { onProgress } from "../browser/client.ts";
import { encode } from "../browser/encode.ts";
import { squareOf } from "../browser/square.ts";
import { Cropper } from "./crop.ts";
import { drawCurves } from "./curve-panel.ts";
import { at, make } from "./dom.ts";
import type { Opened, Picked } from "./given.ts";
import { listenForCopies } from "./inline-panel.ts";
import { Latest, type Pace, type Stale } from "./latest.ts";
import { draft, limitsOf, possible } from "./limits.ts";
import { LookSwitch } from "./look-switch.ts";
import { inBytes, inDecibels, inMegabytes } from "./measure.ts";
import { PEERS, type Peer, writes } from "./peer.ts";
import { listenForPictures } from "./pick.ts";
import { listenForQr, showQr } from "./qr-panel.ts";
import {
  clearCurves,
  enter,
  fail,
  headline,
  modelOf,
  models,
  type Result,
  resultOf,
  say,
  showPeer,
  showResult,
  whileBusy,
} from "./result.ts";
import { ask, limit, listenForSettings, type Wanted, wanted } from "./settings.ts";
import { listenForUploads } from "./upload.ts";
import { Weights } from "./weights.ts";

/** The picture that the page begins with; the build fills it in. */
declare const ZIPPYNET_FIRST: {
  readonly bytes: number;
  /** Names of models, the one that codes this picture best first; that one made it. */
  readonly models: readonly string[];
  /** Names of models, the one that codes all samples best first. */
  readonly general: readonly string[];
};

/** What is shown. */
interface Shown extends Result {
  readonly wanted: Wanted;
  /** The number of the request that it answers. */
  readonly request: number;
  /** What first answered this request; another one than this if better weights have come since. */
  readonly first: Result;
}

const views = at("views", "div");
const details = at("details", "details");
const jobs = new Latest();
const weights = new Weights([...models.values()], ZIPPYNET_FIRST.models);
const looks = new LookSwitch(
  [...models.values()].find(({ name }) => name === ZIPPYNET_FIRST.models[0])?.number,
);
const peers: Peer[] = [];
let shown: Shown | undefined;
/** Counts what the reader has asked for. So a file that replaces another without being asked for can be announced. */
let requests = 0;
/** The file that was opened, until the reader changes anything. */
let opened: Opened | undefined;
/** Counts the pictures. */
let pictures = 0;
/** The picture, crop, size and models that the limits of the slider belong to, as JSON. */
let limited = "";
/** Names of the models whose loading has been announced. */
const announced = new Set<string>();

const cropper = new Cropper(changed);

/** The reader has moved the crop or changed a setting. */
function changed(pace: Pace): void {
  opened = undefined;
  requests++;
  refresh(pace);
}

function picked(picture: Picked): void {
  opened = picture.opened;
  requests++;
  pictures++;
  weights.expect(picture.models ?? ZIPPYNET_FIRST.general);
  if (opened) at("qr-text", "input").value = opened.text;
  cropper.show(picture.bitmap);
  refresh("resting");
}

/** Nothing can be shown of what the reader gave. This too is an answer, and comes after those to earlier requests. */
function refused(error: unknown): void {
  requests++;
  jobs.run(async () => failed(error));
  void whileBusy(jobs.settled());
}

function refresh(pace: Pace): void {
  jobs.run(async (stale) => {
    try {
      if (opened) await showOpened(opened);
      else if (!cropper.bitmap) return;
      else if (pace === "moving") await follow(cropper.bitmap);
      else await study(cropper.bitmap, stale);
    } catch (error) {
      if (stale()) return;
      failed(error);
    }
  });
  void whileBusy(jobs.settled());
}

function failed(error: unknown): void {
  shown = undefined;
  looks.clear();
  fail(error);
}

/** Shows a file and what can be taken along of it; measured is the faithful picture, painted the chosen look. */
async function display(result: Result & { readonly picture: ImageData }): Promise<void> {
  await looks.show(result);
  showResult(result);
}

/** Shows a file that was opened. There is no original to compare it with. */
async function showOpened({ file, picture, isSigned }: Opened): Promise<void> {
  const result = { original: picture, file, psnr: undefined };
  await display({ ...result, picture });
  shown = { ...result, wanted: wanted(), request: requests, first: result };
  clearCurves();
  headline(`${inBytes(file.length)}.`);
  const signature = isSigned
    ? " Its signature is not checked here: npx zippynet qr --read --verify does."
    : "";
  say(`This is the file itself.${signature} Any change below makes a new file from its picture.`);
  enter("opened");
}

/** While the slider moves: shows a draft, which is a complete file, but not yet the best one. */
async function follow(bitmap: ImageBitmap): Promise<void> {
  if (!shown) return; // the weights have not come yet
  const { options, side } = wanted();
  const original = squareOf(bitmap, side, cropper.crop);
  const file = await draft(original, { ...options, ...chosenModel() }).catch(() => undefined);
  if (!file) return; // no draft reaches this target
  const result = await resultOf(original, file);
  shown = { ...result, wanted: wanted(), request: -1, first: result };
  enter("moving"); // first, so that a draft is never shown as the result
  await display(result);
  await showPeer(result);
}

/** Once the slider rests: shows the best file, then finds the limits of the slider and the curves. */
async function study(bitmap: ImageBitmap, stale: Stale): Promise<void> {
  const before = shown;
  const request = requests;
  const { side } = wanted();
  const original = squareOf(bitmap, side, cropper.crop);
  if (before) enter("busy"); // the picture that the build made is not dimmed
  const by = chosenModel();
  const missing = weights.missing(wanted().model ?? weights.usable);
  if (missing) announceLoading(missing.name, missing.bytes);
  const [file, raised] = await encodedWithin(original, by);
  const result = await resultOf(original, file);
  const first = before?.request === request ? before.first : result;
  shown = { ...result, wanted: wanted(), request, first };
  await display(result);
  const words = await showPeer(result);
  enter("done");
  say([renewed(shown), raised, words].filter(Boolean).join(" "));
  weights.has(modelOf(file)!.name);
  if (stale()) return;
  const limitedFor = JSON.stringify([pictures, cropper.crop, side, by]);
  if (limited !== limitedFor) {
    const limits = await limitsOf(original, by, stale);
    if (!limits) return;
    limit(limits);
    limited = limitedFor;
  }
  if (wanted().model === undefined) void weights.takeRest(() => shown && refresh("resting"));
  clearCurves();
  const now = { bytes: file.length, psnr: result.psnr };
  if (details.open)
    await drawCurves(original, now, { peers, model: { model: modelOf(file)!.number }, stale });
}

/** Once for each model: its decoder is loaded after its encoder, and would be announced again. */
function announceLoading(name: string, bytes: number): void {
  if (announced.has(name)) return;
  announced.add(name);
  say(`Loading the model ${name}, ${inMegabytes(bytes)} …`);
}

function chosenModel(): { readonly model: string | number } {
  return { model: wanted().model ?? weights.usable };
}

/** A file as the reader wants it, or else the nearest that is possible, and a sentence that says so. */
async function encodedWithin(
  original: ImageData,
  by: { readonly model: string | number },
): Promise<[Uint8Array, string]> {
  try {
    return [await encode(original, { ...wanted().options, ...by }), ""];
  } catch (error) {
    const nearest = possible(error);
    if (!nearest) throw error;
    ask(nearest);
    const words =
      "psnr" in nearest
        ? `reach at most ${inDecibels(nearest.psnr)}`
        : `need at least ${inBytes(nearest.maxBytes)}`;
    const file = await encode(original, { ...wanted().options, ...by });
    return [file, `${original.width} pixels of this picture ${words}.`];
  }
}

/** A sentence about a file that replaces one of another model, which the reader has not asked for. */
function renewed({ first, ...now }: Shown): string {
  const [old, model] = [modelOf(first.file), modelOf(now.file)];
  if (!old || !model || old.number === model.number) return "";
  const [from, to] = [first, now].map(
    ({ file, psnr }) => `${inBytes(file.length)}, ${inDecibels(psnr ?? Number.NaN)}`,
  );
  return `Made again with ${model.name}, whose weights have come: ${to}; with ${old.name} ${from}.`;
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
for (const { number, name, bytes, description } of models.values()) {
  const text = `${name}, ${inMegabytes(bytes)}: ${description}`;
  at("model", "select").append(make("option", text, { value: String(number) }));
}
ask({ maxBytes: ZIPPYNET_FIRST.bytes });
listenForSettings(changed);
listenForCopies(() => looks.look);
listenForPictures({ picked, failed: refused });
for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="peer"]')) {
  radio.addEventListener("change", () => {
    if (shown?.psnr === undefined) return;
    showPeer(shown).then((words) => words !== undefined && say(words), failed);
  });
}
for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="view"]')) {
  radio.addEventListener("change", () => {
    views.dataset["view"] = radio.value;
  });
}
listenForQr(() => shown && showQr(shown.file));
details.addEventListener("toggle", () => details.open && shown && refresh("resting"));

const progress = at("progress", "progress");
onProgress((loading) => {
  if (loading.stage !== "weights") return;
  const { model, loaded, total } = loading;
  const name = models.get(model)?.name;
  progress.hidden = loaded >= total || weights.isBehind(name); // nobody waits for these
  progress.value = loaded / total;
  if (!progress.hidden) announceLoading(name ?? String(model), total);
});

void listenForUploads(async () => {
  if (shown?.request !== requests) await jobs.settled();
  if (shown?.psnr === undefined) return undefined;
  return { picture: shown.original, file: shown.file, wanted: shown.wanted };
});

// without a service worker the page works too, but not offline
void navigator.serviceWorker?.register("offline.js").catch(() => undefined);
