import { viewfinder } from "./camera.ts";
import { at, make } from "./dom.ts";
import { Newest } from "./latest.ts";
import { photograph } from "./photograph.ts";

/** Names of the pictures in samples/; the build fills it in. */
declare const ZIPPYNET_SAMPLES: readonly string[];

export interface PickHandlers {
  readonly picked: (picture: ImageBitmap) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * All the ways to a picture: file, drop, paste, camera, sample. The first sample is picked at once. What the reader did
 * last counts: a photograph that is still being read gives way to a sample.
 */
export function listenForPictures({ picked, failed }: PickHandlers): void {
  const samples = at("samples", "fieldset");
  const newest = new Newest();
  const read = async (coming: Promise<Blob>, sample?: HTMLButtonElement): Promise<void> => {
    const picture = await newest.of(coming.then(photograph), (late) => late.close());
    if (!picture) return;
    for (const button of samples.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button === sample));
    }
    picked(picture);
  };
  const take = (file: Blob | undefined): void => {
    if (file) read(Promise.resolve(file)).catch(failed);
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
    takeFirst(event.dataTransfer?.files);
  });

  document.addEventListener("paste", (event) => takeFirst(event.clipboardData?.files));
  const paste = at("paste", "button");
  paste.hidden = !navigator.clipboard?.read;
  paste.addEventListener("click", () => void pasted().then(take, failed));

  const camera = at("camera", "button");
  camera.hidden = !navigator.mediaDevices?.getUserMedia;
  camera.addEventListener("click", () => void viewfinder().then(take, failed));

  for (const name of ZIPPYNET_SAMPLES) {
    const button = make("button", "", { type: "button", "aria-pressed": "false" });
    const alt = name.replace(/(-\d+)?(x\d+)?\.png$/, "").replaceAll("-", " ");
    button.append(make("img", "", { src: `samples/${name}`, alt, width: "64", height: "64" }));
    const file = async (): Promise<Blob> => (await fetch(`samples/${name}`)).blob();
    button.addEventListener("click", () => void read(file(), button).catch(failed));
    samples.append(button);
  }
  samples.querySelector("button")?.click();
}

async function pasted(): Promise<Blob> {
  for (const item of await navigator.clipboard.read()) {
    const type = item.types.find((each) => each.startsWith("image/"));
    if (type) return item.getType(type);
  }
  throw new Error("there is no picture in the clipboard");
}
