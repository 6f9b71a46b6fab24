import { capacity, MAX_VERSION, modulesOf, svgOf, versionFor } from "../../qr/code.ts";
import { writePayload } from "../../qr/payload.ts";
import { at, offer } from "./dom.ts";
import { inBytes } from "./measure.ts";

/** Modules of a quiet zone, both sides, and millimetres a module in print: docs/qr.md. */
const QUIET = 8;
const MILLIMETRES = 0.4;

const CORRECTION = "medium";

/** Draws the code of a file and the text beside it; what `zippynet qr --read` reads. */
export function showQr(file: Uint8Array): void {
  const bytes = writePayload(file, at("qr-text", "input").value || undefined, undefined);
  const version = versionFor(bytes.length, CORRECTION);
  const [place, note, button] = [at("qr", "div"), at("qr-note", "p"), at("qr-download", "button")];
  if (version === undefined) {
    const most = inBytes(capacity(MAX_VERSION, CORRECTION));
    place.replaceChildren();
    note.textContent = `A code holds at most ${most}; picture and text have ${inBytes(bytes.length)}.`;
    offer(button, "code.svg", undefined);
    return;
  }
  const svg = svgOf(modulesOf(bytes, CORRECTION), 8);
  const drawn = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", "QR code of the picture");
  place.replaceChildren(document.importNode(drawn, true));
  const modules = 17 + 4 * version;
  const centimetres = (((modules + QUIET) * MILLIMETRES) / 10).toFixed(1);
  note.textContent = `Version ${version}, ${modules}×${modules} modules, ${centimetres} cm in print. Scan it back with: npx zippynet qr --read`;
  const millimetres = (modules + QUIET) * MILLIMETRES;
  const printed = svg.replace(
    /width="\d+" height="\d+"/,
    `width="${millimetres}mm" height="${millimetres}mm"`,
  );
  offer(button, "code.svg", new Blob([printed], { type: "image/svg+xml" }));
}

/** No picture, no code. */
export function clearQr(): void {
  at("qr", "div").replaceChildren();
  at("qr-note", "p").textContent = "";
  offer(at("qr-download", "button"), "code.svg", undefined);
}
