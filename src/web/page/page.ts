/** The page: a picture, cropped, encoded, beside the same bytes of WebP or JPEG, and ways to take it along. */
import { onProgress } from "../browser/client.ts";
import { encode } from "../browser/encode.ts";
import { squareOf } from "../browser/square.ts";
import { Cropper } from "./crop.ts";
import { drawCurves } from "./curve-panel.ts";
import { at, make } from "./dom.ts";
import { Latest, type Pace, type Stale } from "./latest.ts";
import { draft, limitsOf, possible } from "./limits.ts";
import { LookSwitch } from "./look-switch.ts";
import { inBytes, inDecibels } from "./measure.ts";
import { PEERS, type Peer, writes } from "./peer.ts";
import { listenForPictures, type Opened, type Picked } from "./pick.ts";
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
import { listenForCopies } from "./take-along.ts";
import { listenForUploads } from "./upload.ts";
import { inMegabytes, Weights } from "./weights.ts";

/**
 * Of the first picture: the models by how well they code it, the first of which made it, and its bytes; and the models
 * by how well they code all samples. The build fills it in.
 */
declare const ZIPPYNET_FIRST: {
  readonly bytes: number;
  readonly models: readonly string[];
  readonly general: readonly string[];
};

/** What is shown. */
interface Shown extends Result {
  readonly wanted: Wanted;
  /** The number of the wish that it answers. */
  readonly wish: number;
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
/** Wishes of the reader so far: what is made again without one, when weights come, is told. */
let wishes = 0;
/** The file that was opened, until the reader asks for something else than itself. */
let opened: Opened | undefined;
/** Pictures so far, and for what picture, crop, size and models the slider's limits are. */
let pictures = 0;
let limited = "";
/** Models of which it has been said that they are coming. */
const announced = new Set<string>();

const cropper = new Cropper(changed);

/** The reader asks for something else. */
function changed(pace: Pace): void {
  opened = undefined;
  wishes++;
  refresh(pace);
}

function picked(picture: Picked): void {
  opened = picture.opened;
  wishes++;
  pictures++;
  weights.expect(picture.models ?? ZIPPYNET_FIRST.general);
  if (opened) at("qr-text", "input").value = opened.text;
  cropper.show(picture.bitmap);
  refresh("resting");
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

/** A file as it came: there is no original beside it. */
async function showOpened({ file, picture, isSigned }: Opened): Promise<void> {
  await display({ original: picture, file, picture, psnr: undefined });
  shown = { original: picture, file, psnr: undefined, wanted: wanted(), wish: wishes };
  clearCurves();
  headline(`${inBytes(file.length)}.`);
  const signature = isSigned
    ? " Its signature is not checked here: npx zippynet qr --read --verify does."
    : "";
  say(`The file as it came.${signature} Whatever you set makes another one from its picture.`);
  enter("opened");
}

/** While the hand moves: a draft, which is a file as well, but not yet the best. */
async function follow(bitmap: ImageBitmap): Promise<void> {
  if (!shown) return; // weights are still to come
  const { options, side } = wanted();
  const original = squareOf(bitmap, side, cropper.crop);
  const file = await draft(original, { ...options, ...chosenModel() }).catch(() => undefined);
  if (!file) return; // no single pass gets there
  const result = await resultOf(original, file);
  shown = { ...result, wanted: wanted(), wish: -1 };
  enter("moving"); // before the file is there, which is not yet the best one
  await display(result);
  await showPeer(result);
}

async function study(bitmap: ImageBitmap, stale: Stale): Promise<void> {
  const before = shown;
  const wish = wishes;
  const { side } = wanted();
  const original = squareOf(bitmap, side, cropper.crop);
  if (before) enter("busy"); // what the build made of the first picture stays until this comes
  const by = chosenModel();
  const missing = weights.missing(wanted().model ?? weights.usable);
  if (missing) tellLoading(missing.name, missing.bytes);
  const [file, raised] = await encodedWithin(original, by);
  const result = await resultOf(original, file);
  shown = { ...result, wanted: wanted(), wish };
  await display(result);
  const words = await showPeer(result);
  enter("done");
  say([renewed(before, shown), raised, words].filter(Boolean).join(" "));
  weights.has(modelOf(file)!.name);
  if (stale()) return;
  const limitedFor = JSON.stringify([pictures, cropper.crop, side, by]);
  if (limited !== limitedFor) {
    const limits = await limitsOf(original, by, stale);
    if (!limits) return;
    limit(limits);
    limited = limitedFor;
  }
  if (wanted().model === undefined) void weights.takeRest(() => refresh("resting"));
  clearCurves();
  const now = { bytes: file.length, psnr: result.psnr };
  if (details.open)
    await drawCurves(original, now, { peers, model: { model: modelOf(file)!.number }, stale });
}

/** Once a model: its decoder comes after its encoder. */
function tellLoading(name: string, bytes: number): void {
  if (announced.has(name)) return;
  announced.add(name);
  say(`Loading the model ${name}, ${inMegabytes(bytes)} …`);
}

function chosenModel(): { readonly model: string | number } {
  return { model: wanted().model ?? weights.usable };
}

/** A file as it is wanted, or else the nearest that is possible, and words of that. */
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

/** What to say where the same wish was answered before, by another model. */
function renewed(before: Shown | undefined, now: Shown): string {
  const [old, model] = [before && modelOf(before.file), modelOf(now.file)];
  if (!before || !old || !model || before.wish !== now.wish || old.number === model.number) return "";
  const [from, to] = [before, now].map(
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
listenForPictures({ picked, failed });
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
details.addEventListener("toggle", () => details.open && refresh("resting"));

const progress = at("progress", "progress");
onProgress((told) => {
  if (told.stage !== "weights") return;
  const { model, loaded, total } = told;
  const name = models.get(model)?.name;
  progress.hidden = loaded >= total || weights.isBehind(name); // what comes behind a picture's back moves nothing
  progress.value = loaded / total;
  if (!progress.hidden) tellLoading(name ?? String(model), total);
});

void listenForUploads(async () => {
  if (shown?.wish !== wishes) await jobs.settled();
  if (shown?.psnr === undefined) return undefined;
  return { picture: shown.original, file: shown.file, wanted: shown.wanted };
});

// without one the page works all the same, on line
void navigator.serviceWorker?.register("offline.js").catch(() => undefined);
