import { messageOf } from "../../codec/errors.ts";
import type { Look } from "../../codec/network/architecture.ts";
import { parseManifest } from "../../model/manifest.ts";
import { modelsOf } from "../browser/client.ts";
import { decode } from "../browser/decode.ts";
import { decoderPlace } from "../browser/decoder-place.ts";
import { canvasOf } from "../browser/picture.ts";
import { at, chosen } from "./dom.ts";
import { Newest } from "./latest.ts";
import { inMegabytes } from "./measure.ts";
import { modelOf, say, whileBusy } from "./result.ts";

/** Bytes of the second network of each model that has a natural look, by the model's number. */
const naturalBytes: ReadonlyMap<number, number> = new Map(
  (await modelsOf(decoderPlace)).flatMap(({ manifest }) => {
    const natural = parseManifest(JSON.stringify(manifest)).looks?.natural;
    return natural ? [[manifest.number, natural.bytes] as const] : [];
  }),
);

/** A file, and its pixels in the faithful look. */
interface Decoded {
  readonly file: Uint8Array;
  readonly picture: ImageData;
}

/**
 * The switch between the two looks of a decoder: it paints the shown file by the chosen one. All that is measured is
 * measured on the faithful picture. The second network is loaded when it is first chosen.
 */
export class LookSwitch {
  readonly #card = at("result", "section" as "div");
  readonly #newest = new Newest();
  /** Numbers of the models whose second network is here. */
  readonly #here = new Set<number>();
  /** The model of the file that is shown, if it has a natural look. */
  #model: number | undefined;
  #shown: Decoded | undefined;

  /** @param first number of the model that made the picture that the page begins with */
  constructor(first: number | undefined) {
    this.#offer(first);
    for (const radio of document.querySelectorAll('input[name="look"]'))
      radio.addEventListener("change", () => void this.#changed());
  }

  get look(): Look {
    return this.#model !== undefined && chosen("look") === "natural" ? "natural" : "faithful";
  }

  /** Paints a file. One that would wait for the second network is painted faithfully until that is here. */
  async show(decoded: Decoded): Promise<void> {
    this.#shown = decoded;
    this.#offer(modelOf(decoded.file)?.number);
    if (this.#isMissing) {
      this.#paint(decoded.picture, "faithful");
      void this.#load(decoded);
    } else await this.#decode(decoded);
  }

  /** There is no picture. */
  clear(): void {
    this.#shown = undefined;
    void this.#newest.of(Promise.resolve());
    this.#offer(undefined);
  }

  /** Whether the chosen look waits for its network. */
  get #isMissing(): boolean {
    return this.look === "natural" && !this.#here.has(this.#model!);
  }

  async #changed(): Promise<void> {
    const shown = this.#shown;
    if (!shown) return this.#show(); // the page's own picture is still to come, and will be painted as chosen
    if (this.#isMissing) return this.#load(shown);
    await this.#decode(shown).catch((error: unknown) => this.#goBack(shown, error));
  }

  /** Paints a file as chosen, unless something newer is asked for meanwhile. */
  async #decode({ file, picture }: Decoded): Promise<void> {
    const { look } = this;
    const coming = look === "natural" ? decode(file, { look }) : Promise.resolve(picture);
    const painted = await this.#newest.of(coming);
    if (painted) this.#paint(painted, look);
  }

  async #load(decoded: Decoded): Promise<void> {
    const model = this.#model!;
    this.#show();
    say(`Loading the natural look, ${inMegabytes(naturalBytes.get(model)!)} …`);
    const coming = decode(decoded.file, { look: "natural" }).then((picture) => {
      this.#here.add(model);
      return picture;
    });
    try {
      const painted = await whileBusy(this.#newest.of(coming));
      if (!painted) return;
      this.#paint(painted, "natural");
      say("The natural look is shown.");
    } catch (error) {
      this.#goBack(decoded, error);
    }
  }

  #goBack({ picture }: Decoded, error: unknown): void {
    document.querySelector<HTMLInputElement>('input[name="look"][value="faithful"]')!.checked = true;
    this.#paint(picture, "faithful");
    say(`The natural look did not come: ${messageOf(error)}. The faithful one is shown.`, true);
  }

  #paint(picture: ImageData, look: Look): void {
    const canvas = canvasOf(picture, at("own", "canvas"));
    const isNatural = look === "natural";
    canvas.setAttribute("aria-label", isNatural ? "ZippyNet, natural look" : "ZippyNet");
    at("own-name", "b").textContent = isNatural ? "ZippyNet, natural" : "ZippyNet";
    at("own-look", "span").textContent = isNatural ? "(faithful)" : "";
    this.#show();
  }

  /** Shows the switch where the model has two looks. */
  #offer(model: number | undefined): void {
    this.#model = model !== undefined && naturalBytes.has(model) ? model : undefined;
    at("look", "div").dataset["looks"] = this.#model === undefined ? "1" : "2";
    this.#show();
  }

  #show(): void {
    this.#card.dataset["look"] = this.#isMissing ? "coming" : this.look;
    if (this.#model === undefined) return;
    const size = inMegabytes(naturalBytes.get(this.#model)!);
    const isHere = this.#here.has(this.#model);
    at("look-size", "span").textContent = this.#isMissing
      ? `Loading its network, ${size} …`
      : isHere
        ? `Its network is here, ${size}.`
        : `Its network, ${size}, is loaded when it is first chosen.`;
  }
}
