import { fromInline } from "../../codec/format/base64url.ts";
import { readZn } from "../../codec/format/zn-file.ts";
import { decode } from "../browser/decode.ts";
import { viewfinder } from "./camera.ts";
import { at, make } from "./dom.ts";
import { Newest } from "./latest.ts";
import { photograph } from "./photograph.ts";

/** Names of the pictures in samples/; the build fills it in. */
declare const ZIPPYNET_SAMPLES: readonly string[];

/** Bytes of the largest file that is tried as `.zn`. */
const MAX_ZN = 1 << 20;

export interface PickHandlers {
  readonly picked: (picture: ImageBitmap) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * All the ways to a picture: file, drop, paste, link, camera, sample; `.zn` files and their text too. The first sample
 * is picked at once. What the reader did last counts: a photograph that is still being read gives way to a sample.
 */
export function listenForPictures({ picked, failed }: PickHandlers): void {
  const samples = at("samples", "fieldset");
  const newest = new Newest();
  const read = async (coming: Promise<Blob>, sample?: HTMLButtonElement): Promise<void> => {
    const picture = await newest.of(coming.then(opened), (late) => late.close());
    if (!picture) return;
    for (const button of samples.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button === sample));
    }
    picked(picture);
  };
  const take = (file: Blob | undefined): void => {
    if (file) read(Promise.resolve(file)).catch(failed);
  };
  const takeText = (text = ""): void => {
    if (text.trim() === "") return;
    // the text of a picture, or a tag or link that has it
    const inline = /[\w-]{16,}/.exec(text.replace(/^.*#/s, ""))?.[0] ?? text.trim();
    read(Promise.resolve().then(() => new Blob([Uint8Array.from(fromInline(inline))]))).catch(failed);
  };
  const takeFirst = (files: FileList | null | undefined): void => take(files?.[0]);

  const input = at("file", "input");
  input.addEventListener("change", () => {
    takeFirst(input.files);
    input.value = ""; // the same file may be chosen again
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
    if (files?.[0]) take(files[0]);
    else if (event.dataTransfer?.types.includes("text/uri-list"))
      failed(
        new Error(
          "that is the address of a picture, which this page may not fetch: save the picture, and drop the file",
        ),
      );
    else takeText(event.dataTransfer?.getData("text/plain"));
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
  paste.addEventListener("click", () => void pasted().then(take, failed));

  const camera = at("camera", "button");
  camera.hidden = !navigator.mediaDevices?.getUserMedia;
  camera.addEventListener("click", () => void viewfinder().then(take, failed));

  for (const name of ZIPPYNET_SAMPLES) {
    const button = make("button", "", { type: "button", "aria-pressed": "false" });
    const alt = name
      .replace(/(-\d+)?\.\w+$/, "")
      .replace(/^(\d)-(.*)/, "$2 $1")
      .replaceAll("-", " ");
    button.append(make("img", "", { src: `samples/${name}`, alt, width: "64", height: "64" }));
    const file = async (): Promise<Blob> => (await fetch(`samples/${name}`)).blob();
    button.addEventListener("click", () => void read(file(), button).catch(failed));
    samples.append(button);
  }
  if (location.hash.length > 1) linked();
  else samples.querySelector("button")?.click();
}

/** A picture file as the browser reads it, or a `.zn` file. */
async function opened(file: Blob): Promise<ImageBitmap> {
  const start = new Uint8Array(await file.slice(0, MAX_ZN).arrayBuffer());
  if (!isZn(start)) return photograph(file);
  return createImageBitmap(await decode(await file.arrayBuffer()));
}

function isZn(bytes: Uint8Array): boolean {
  try {
    readZn(bytes);
    return true;
  } catch {
    return false;
  }
}

async function pasted(): Promise<Blob> {
  for (const item of await navigator.clipboard.read()) {
    const type = item.types.find((each) => each.startsWith("image/"));
    if (type) return item.getType(type);
  }
  throw new Error("there is no picture in the clipboard");
}
