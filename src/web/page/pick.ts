import { fromInline } from "../../codec/format/base64url.ts";
import { readZn } from "../../codec/format/zn-file.ts";
import type { Payload } from "../../qr/payload.ts";
import { decode } from "../browser/decode.ts";
import { type Caught, viewfinder } from "./camera.ts";
import { at, make } from "./dom.ts";
import { Newest } from "./latest.ts";
import { photograph } from "./photograph.ts";
import { payloadIn, STILL } from "./qr-reader.ts";

/** The pictures in samples/, each with names of models, the one that codes it best first. The build fills it in. */
declare const ZIPPYNET_SAMPLES: readonly { readonly name: string; readonly models: readonly string[] }[];

/** Larger files, in bytes, are not tried as `.zn`. */
const MAX_ZN = 1 << 20;

/** A picture to crop from. */
export interface Picked {
  readonly bitmap: ImageBitmap;
  /** The `.zn` file that the picture came as, if it did. */
  readonly opened?: Opened;
  /** Names of models, the likeliest first, where that is known. */
  readonly models?: readonly string[];
}

export interface Opened {
  readonly file: Uint8Array;
  readonly picture: ImageData;
  /** The text beside it in its QR code, if any. */
  readonly text: string;
  /** Whether its QR code is signed. This page has no keys, so it does not check the signature. */
  readonly isSigned: boolean;
}

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
  const samples = at("samples", "fieldset");
  const newest = new Newest();
  const read = async (coming: Promise<Picked>, sample?: HTMLButtonElement): Promise<void> => {
    const picture = await newest.of(coming, ({ bitmap }) => bitmap.close());
    if (!picture) return;
    for (const button of samples.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button === sample));
    }
    picked(picture);
  };
  const take = (file: Blob | undefined): void => {
    if (file) read(opened(file)).catch(failed);
  };
  const takeText = (text = ""): void => {
    const inline = inlineIn(text);
    if (inline !== undefined) read(Promise.resolve().then(() => openZn(fromInline(inline)))).catch(failed);
  };
  const takeCaught = (caught: Caught | undefined): void => {
    if (caught && "photo" in caught) take(caught.photo);
    else if (caught) read(openPayload(caught.payload)).catch(failed);
  };
  const takeFirst = (files: FileList | null | undefined): void => take(files?.[0]);

  const input = at("file", "input");
  input.addEventListener("change", () => {
    takeFirst(input.files);
    input.value = ""; // so that the same file can be chosen again
  });

  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    const { files } = event.dataTransfer ?? {};
    const address = event.dataTransfer?.getData("text/uri-list") ?? "";
    if (files?.[0]) take(files[0]);
    else if (address !== "" && !/#[\w-]{16,}$/.test(address))
      failed(
        new Error(
          "that is the address of a picture, which this page may not fetch: save the picture, and drop the file",
        ),
      );
    else takeText(address || event.dataTransfer?.getData("text/plain"));
  });

  document.addEventListener("paste", (event) => {
    if (event.target instanceof HTMLInputElement) return;
    const { clipboardData } = event;
    if (clipboardData?.files[0]) take(clipboardData.files[0]);
    else takeText(clipboardData?.getData("text/plain"));
  });
  const linked = (): void => takeText(decodeURIComponent(location.hash.slice(1)));
  window.addEventListener("hashchange", linked);
  const paste = at("paste", "button");
  paste.hidden = !navigator.clipboard?.read;
  paste.addEventListener(
    "click",
    () => void pasted().then((found) => (typeof found === "string" ? takeText(found) : take(found)), failed),
  );

  const camera = at("camera", "button");
  camera.hidden = !navigator.mediaDevices?.getUserMedia;
  camera.addEventListener("click", () => void viewfinder().then(takeCaught, failed));

  for (const { name, models } of ZIPPYNET_SAMPLES) {
    const button = make("button", "", { type: "button", "aria-pressed": "false" });
    const alt = name
      .replace(/(-\d+)?\.\w+$/, "")
      .replace(/^(\d)-(.*)/, "$2 $1")
      .replaceAll("-", " ");
    button.append(make("img", "", { src: `samples/${name}`, alt, width: "64", height: "64" }));
    const sample = async (): Promise<Picked> => {
      const file = await (await fetch(`samples/${name}`)).blob();
      return { bitmap: await photograph(file), models };
    };
    button.addEventListener("click", () => void read(sample(), button).catch(failed));
    samples.append(button);
  }
  if (location.hash.length > 1) linked();
  else samples.querySelector("button")?.click();
}

/** The inline text within what was pasted: itself, or that of a tag or a link. */
function inlineIn(text: string): string | undefined {
  if (text.trim() === "") return undefined;
  return /[\w-]{16,}/.exec(text.replace(/^.*#/s, ""))?.[0] ?? text.trim();
}

/** Reads a file: a picture, a `.zn` file, or a picture of a QR code that holds one. */
async function opened(file: Blob): Promise<Picked> {
  const start = new Uint8Array(await file.slice(0, MAX_ZN).arrayBuffer());
  if (isZn(start)) return openZn(new Uint8Array(await file.arrayBuffer()));
  const bitmap = await photograph(file);
  // a code with something else in it is an ordinary picture
  const payload = await payloadIn(bitmap, STILL).catch(() => undefined);
  if (!payload) return { bitmap };
  bitmap.close();
  return openPayload(payload);
}

async function openPayload({ file, text, signed }: Payload): Promise<Picked> {
  return openZn(Uint8Array.from(file), text, signed !== undefined);
}

async function openZn(file: Uint8Array, text = "", isSigned = false): Promise<Picked> {
  const picture = await decode(file);
  return { bitmap: await createImageBitmap(picture), opened: { file, picture, text, isSigned } };
}

function isZn(bytes: Uint8Array): boolean {
  try {
    readZn(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The picture in the clipboard, or else its text. */
async function pasted(): Promise<Blob | string> {
  const items = await navigator.clipboard.read();
  for (const item of items) {
    const type = item.types.find((each) => each.startsWith("image/"));
    if (type) return item.getType(type);
  }
  const words = items.find(({ types }) => types.includes("text/plain"));
  const text = words && (await (await words.getType("text/plain")).text()).trim();
  if (text) return text;
  throw new Error("there is no picture in the clipboard");
}
