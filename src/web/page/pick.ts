import { viewfinder } from "./camera.ts";
import { at, make } from "./dom.ts";
import { type Given, inlineIn, type Picked, pictureIn } from "./given.ts";
import { Newest } from "./latest.ts";
import { photograph } from "./photograph.ts";

interface Sample {
  /** Name of its file in samples/. */
  readonly name: string;
  /** Names of models, the one that codes it best first. */
  readonly models: readonly string[];
}

/** The build fills it in. */
declare const ZIPPYNET_SAMPLES: readonly Sample[];

export interface PickHandlers {
  readonly picked: (picture: Picked) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Calls back for every picture that the reader gives: as a file, by drop, paste, link or camera, or as a sample; also
 * as a `.zn` file, its text or its QR code. It begins with the picture of the page's link, or else the first sample.
 * What was given last counts, even if an earlier file takes longer to read.
 */
export function listenForPictures({ picked, failed }: PickHandlers): void {
  const newest = new Newest();
  const samples = ZIPPYNET_SAMPLES.map((sample) => ({ ...sample, button: buttonOf(sample) }));

  const show = async (coming: Promise<Picked>, by?: HTMLButtonElement): Promise<void> => {
    const picture = await newest.of(coming, ({ bitmap }) => bitmap.close());
    if (!picture) return;
    for (const { button } of samples) button.setAttribute("aria-pressed", String(button === by));
    picked(picture);
  };
  const take = async (give: () => Promise<Given | undefined> | Given | undefined): Promise<void> => {
    try {
      const given = await give();
      if (given) await show(pictureIn(given));
    } catch (error) {
      failed(error);
    }
  };

  const [input, paste, camera] = [at("file", "input"), at("paste", "button"), at("camera", "button")];
  paste.hidden = !navigator.clipboard?.read;
  camera.hidden = !navigator.mediaDevices?.getUserMedia;

  input.addEventListener("change", () => void take(() => chosenIn(input)));
  document.addEventListener("dragover", draggedOver);
  document.addEventListener("dragleave", draggedAway);
  document.addEventListener("drop", (event) => void take(() => dropped(event)));
  document.addEventListener("paste", (event) => void take(() => pasted(event)));
  window.addEventListener("hashchange", () => void take(linked));
  paste.addEventListener("click", () => void take(inClipboard));
  camera.addEventListener("click", () => void take(viewfinder));
  for (const sample of samples) {
    sample.button.addEventListener("click", () => void show(open(sample), sample.button).catch(failed));
  }

  at("samples", "fieldset").append(...samples.map(({ button }) => button));
  if (location.hash.length > 1) void take(linked);
  else samples[0]?.button.click();
}

function chosenIn(input: HTMLInputElement): Given | undefined {
  const file = input.files?.[0];
  input.value = ""; // so that the same file can be chosen again
  return file && { file };
}

function draggedOver(event: DragEvent): void {
  event.preventDefault();
  document.body.classList.add("dropping");
}

function draggedAway(event: DragEvent): void {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
}

function dropped(event: DragEvent): Given | undefined {
  document.body.classList.remove("dropping");
  const file = event.dataTransfer?.files[0];
  if (!file && takesText(event.target)) return undefined;
  event.preventDefault();
  if (file) return { file };
  const address = event.dataTransfer?.getData("text/uri-list") ?? "";
  if (address !== "" && !/#[\w-]{16,}$/.test(address))
    throw new Error(
      "that is the address of a picture, which this page may not fetch: save the picture, and drop the file",
    );
  return inlineIn(address || event.dataTransfer?.getData("text/plain"));
}

function pasted({ target, clipboardData }: ClipboardEvent): Given | undefined {
  if (takesText(target)) return undefined;
  const file = clipboardData?.files[0];
  return file ? { file } : inlineIn(clipboardData?.getData("text/plain"));
}

/** Whether words that are pasted or dropped belong to the element itself. A slider takes none. */
function takesText(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type === "text";
}

/** What stands after the # of the page's address. */
function linked(): Given | undefined {
  return inlineIn(decodeURIComponent(location.hash.slice(1)));
}

/** The picture in the clipboard, or else its text. */
async function inClipboard(): Promise<Given | undefined> {
  const items = await navigator.clipboard.read();
  for (const item of items) {
    const type = item.types.find((each) => each.startsWith("image/"));
    if (type) return { file: await item.getType(type) };
  }
  const words = items.find(({ types }) => types.includes("text/plain"));
  const given = words && inlineIn(await (await words.getType("text/plain")).text());
  if (given) return given;
  throw new Error("there is no picture in the clipboard");
}

function buttonOf({ name }: Sample): HTMLButtonElement {
  const button = make("button", "", { type: "button", "aria-pressed": "false" });
  const alt = name
    .replace(/(-\d+)?\.\w+$/, "")
    .replace(/^(\d)-(.*)/, "$2 $1")
    .replaceAll("-", " ");
  button.append(make("img", "", { src: `samples/${name}`, alt, width: "64", height: "64" }));
  return button;
}

async function open({ name, models }: Sample): Promise<Picked> {
  const file = await (await fetch(`samples/${name}`)).blob();
  return { bitmap: await photograph(file), models };
}
