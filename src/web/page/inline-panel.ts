import { messageOf } from "../../codec/errors.ts";
import { toInline } from "../../codec/format/base64url.ts";
import { MEDIA_TYPE } from "../../codec/format/latents-file.ts";
import type { Look } from "../../codec/network/architecture.ts";
import { at, offer } from "./dom.ts";
import { inBytes } from "./measure.ts";

let current: { readonly text: string; readonly width: number; readonly height: number } | undefined;

const COPIES = ["copy", "copy-tag", "copy-link"] as const;

/** Offers the file as text, tag and link to copy, and to save. */
export function showInline(file: Uint8Array, { width, height }: ImageData): void {
  const text = toInline(file);
  current = { text, width, height };
  at("inline", "textarea").value = text;
  at("inline-size", "p").textContent = `${inBytes(file.length)}, ${text.length.toLocaleString()} characters`;
  at("inline-note", "p").textContent = "";
  for (const id of COPIES) at(id, "button").disabled = false;
  offer(at("download", "button"), "picture.zn", new Blob([Uint8Array.from(file)], { type: MEDIA_TYPE }));
}

/** Offers nothing, as there is no picture. */
export function clearInline(): void {
  current = undefined;
  at("inline", "textarea").value = "";
  for (const id of ["inline-size", "inline-note"] as const) at(id, "p").textContent = "";
  for (const id of COPIES) at(id, "button").disabled = true;
  offer(at("download", "button"), "picture.zn", undefined);
}

/** Makes the buttons copy. @param look gives the look that is shown, which the tag asks for too */
export function listenForCopies(look: () => Look): void {
  at("copy", "button").addEventListener("click", () => void copy("text", ({ text }) => text));
  const here = location.href.replace(/#.*/, "");
  at("copy-link", "button").addEventListener(
    "click",
    () => void copy("link", ({ text }) => `${here}#${text}`),
  );
  at("copy-tag", "button").addEventListener(
    "click",
    () =>
      void copy("tag", ({ text, width, height }) => {
        const natural = look() === "natural" ? ' look="natural"' : "";
        return `<zippy-img src="${text}" width="${width}" height="${height}" alt=""${natural}></zippy-img>`;
      }),
  );
}

async function copy(what: string, write: (now: NonNullable<typeof current>) => string): Promise<void> {
  if (!current) return;
  const note = at("inline-note", "p");
  try {
    await navigator.clipboard.writeText(write(current));
    note.textContent = `The ${what} is in the clipboard.`;
  } catch (error) {
    at("inline", "textarea").select(); // so that the reader can copy it by a shortcut
    note.textContent = `The clipboard cannot be written: ${messageOf(error)}`;
  }
}
