import { capacity, MAX_VERSION, MODULE_MM, modulesOf, svgOf, versionFor } from "../../qr/code.ts";
import { linkTo, writeLink, writePayload } from "../../qr/payload.ts";
import { at, chosen, offer } from "./dom.ts";
import { inBytes } from "./measure.ts";

/** Modules of the quiet zone, on both sides together: docs/qr.md. */
const QUIET = 8;

const CORRECTION = "medium";

/** Draws the QR code of a file, as a link or with a text. `zippynet qr --read` and this page can read it. */
export function showQr(file: Uint8Array): void {
  const isLink = chosen("qr-kind") === "link";
  const text = at("qr-text", "input");
  text.disabled = isLink;
  const bytes = isLink
    ? writeLink(linkTo(location.href.replace(/#.*/s, "")), file)
    : writePayload(file, text.value || undefined, undefined);
  const version = versionFor(bytes.length, CORRECTION);
  const [place, note, button] = [at("qr", "div"), at("qr-note", "p"), at("qr-download", "button")];
  if (version === undefined) {
    const most = inBytes(capacity(MAX_VERSION, CORRECTION));
    place.replaceChildren();
    note.textContent = `A code holds at most ${most}; ${isLink ? "this link" : "picture and text"} would have ${inBytes(bytes.length)}.`;
    offer(button, "code.svg", undefined);
    return;
  }
  const svg = svgOf(modulesOf(bytes, CORRECTION));
  const drawn = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", "QR code of the picture");
  place.replaceChildren(document.importNode(drawn, true));
  const modules = 17 + 4 * version;
  const centimetres = (((modules + QUIET) * MODULE_MM) / 10).toFixed(1);
  const reader = isLink
    ? `Any phone opens it, at ${location.host}; the picture itself is sent nowhere.`
    : "Read it back with this page, or with: npx zippynet qr --read";
  note.textContent = `Version ${version}, ${modules}×${modules} modules, ${centimetres} cm in print. ${reader}`;
  offer(button, "code.svg", new Blob([svg], { type: "image/svg+xml" }));
}

/** Calls back when the text or the kind of code changes. */
export function listenForQr(changed: () => void): void {
  at("qr-text", "input").addEventListener("input", changed);
  for (const radio of document.querySelectorAll('input[name="qr-kind"]'))
    radio.addEventListener("change", changed);
}

/** Removes the code, as there is no picture. */
export function clearQr(): void {
  at("qr", "div").replaceChildren();
  at("qr-note", "p").textContent = "";
  offer(at("qr-download", "button"), "code.svg", undefined);
}
