import { bytesOf } from "../../api/source.ts";
import { client } from "./client.ts";
import { decoderPlace } from "./decoder-place.ts";
import { forget, watchNear } from "./near.ts";
import { elementOf } from "./picture.ts";

/** A `src` with one of these is a URL. They do not occur in base64url. */
const URL_SIGNS = /[/.:?]/;

const STYLE = `
:host { display: inline-block; width: fit-content; flex-shrink: 0; overflow: hidden; contain: paint; }
:host([hidden]) { display: none; }
canvas, img { display: block; width: 100%; height: 100%; object-fit: inherit; object-position: inherit; }
.broken {
  display: flex; align-items: center; justify-content: center; box-sizing: border-box; width: 100%; height: 100%; min-width: 1.5em;
  min-height: 1.5em; padding: 0.25em; border: 1px dashed currentColor; font: 0.75em/1.2 system-ui, sans-serif; text-align: center;
  overflow: hidden;
}
`;

/** On a server this module may be imported and does nothing. */
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

interface Size {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** Properties that are the attributes of their name. */
const REFLECTED = ["src", "alt", "fallback", "loading", "decoding", "look"] as const;

/**
 * `<zippy-img src alt width height loading decoding look fallback>`: a `.zn` picture as an `<img>`.
 *
 * - `src`: the text of `toInline`, or the URL of a `.zn` file (recognised by `/`, `.`, `:` or `?`)
 * - `alt`, `width`, `height`, `decoding`: as of `<img>`; with width and height nothing moves when the picture comes
 * - `loading`: `lazy`, the default, waits until the element is near the viewport or the page is printed; one that is
 *   passed before it is decoded waits again; or `eager`
 * - `look`: `faithful`, the default; `natural` is sharper to the eye, where the model has that look
 * - `fallback`: the URL of an ordinary picture, shown if this one cannot be
 *
 * Inside is an `<img>`, which can be saved, copied and dragged. `object-fit` and `object-position` apply to it. `load`
 * and `error` events report the outcome; the `detail` of `error` is the error. An element that fails and has no
 * fallback shows a frame with its `alt`, and gets the attribute `broken`. The console says why, once for each kind of
 * failure. `complete`, `naturalWidth`, `naturalHeight` and `decode()` are those of `<img>`, except that `decode()` does
 * not wait until the element is near the viewport.
 */
export class ZippyImage extends Base {
  static readonly observedAttributes = ["src", "alt", "width", "height", "fallback", "loading", "look"];

  declare src: string;
  declare alt: string;
  declare fallback: string;
  declare loading: string;
  declare decoding: string;
  declare look: string;
  /** Pixels as shown; before there is a picture, those of the attribute. */
  declare width: number;
  declare height: number;

  readonly #root = this.attachShadow({ mode: "open" });
  /** Whether `connectedCallback` has looked at all attributes, and the element has stayed in the page since. */
  #isPlaced = false;
  /** Settles when the newest `src` is shown, has failed or is replaced; undefined until it is asked for. */
  #showing: Promise<void> | undefined;
  /** Ends the work for the newest `src`. An older picture that comes late is dropped. */
  #work: AbortController | undefined;
  #complete = false;
  /** Pixels of the picture that is shown. */
  #size: Size | undefined;

  static {
    for (const name of REFLECTED) {
      Object.defineProperty(ZippyImage.prototype, name, {
        get(this: ZippyImage) {
          return this.getAttribute(name) ?? (name === "loading" ? "lazy" : "");
        },
        set(this: ZippyImage, value: string) {
          this.setAttribute(name, value);
        },
      });
    }
    for (const name of ["width", "height"] as const) {
      Object.defineProperty(ZippyImage.prototype, name, {
        get(this: ZippyImage) {
          const shown = this.#root.firstElementChild;
          const side = name === "width" ? shown?.clientWidth : shown?.clientHeight;
          return side || Math.round(pixels(sideIn(this.getAttribute(name))) ?? this.#size?.[name] ?? 0);
        },
        set(this: ZippyImage, value: number) {
          this.setAttribute(name, String(value));
        },
      });
    }
  }

  get naturalWidth(): number {
    return this.#size?.width ?? 0;
  }

  get naturalHeight(): number {
    return this.#size?.height ?? 0;
  }

  /** Whether the picture is shown or has failed, as of `<img>`. */
  get complete(): boolean {
    return this.#complete || !this.src;
  }

  /** Resolves when the newest picture is shown, and rejects if it cannot be. It does not wait for the viewport. */
  async decode(): Promise<void> {
    let showing: Promise<void> | undefined;
    while (!showing || showing !== this.#showing) {
      if (!this.#showing) forget(this); // it no longer depends on the viewport
      showing = this.#showing ?? this.#begin();
      await showing;
    }
  }

  connectedCallback(): void {
    this.#isPlaced = true;
    this.#describe();
    this.#measure();
    if (!this.#showing) this.#wait();
  }

  disconnectedCallback(): void {
    this.#isPlaced = false;
    forget(this);
    this.#giveUp();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === "alt" && now === null && this.getAttribute("aria-label") === before)
      this.removeAttribute("aria-label");
    const isOther = name === "src" || name === "fallback" || name === "look";
    if (!this.#isPlaced) {
      if (isOther) this.#reset();
    } else if (name === "alt") this.#describe();
    else if (name === "width" || name === "height") this.#measure();
    else if (!this.#showing || !this.#hasPicture) this.#wait();
    else if (isOther) void this.#begin();
  }

  /** An element without `src`, which may come later, is empty, as an `<img>` is; unless it has a fallback. */
  get #hasPicture(): boolean {
    return this.hasAttribute("src") || this.fallback !== "";
  }

  /**
   * Shows the picture when the element is near the viewport, or at once if it is eager. One that is passed before it is
   * decoded waits again.
   */
  #wait(): void {
    if (!this.#hasPicture) this.#clear();
    else if (this.loading === "eager") void this.#begin();
    else {
      watchNear(this, (isNear) => {
        if (isNear) void (this.#showing ?? this.#begin());
        else this.#giveUp();
      });
    }
  }

  /** In a list that is scrolled fast, pictures that are passed would hold up those that are seen. */
  #giveUp(): void {
    if (this.loading !== "eager" && !this.#complete) this.#reset();
  }

  /** For another picture, which is shown when the element is in the page again and near the viewport. */
  #reset(): void {
    this.#work?.abort();
    this.#showing = undefined;
    this.#complete = false;
  }

  #clear(): void {
    this.#reset();
    forget(this);
    this.#root.replaceChildren();
    this.removeAttribute("broken");
    this.#size = undefined;
    this.#measure();
  }

  #begin(): Promise<void> {
    this.#reset();
    this.#work = new AbortController();
    const showing = this.#show(this.#work.signal);
    this.#showing = showing;
    showing.catch(() => undefined); // the error event reports it
    return showing;
  }

  /**
   * For assistive technology: a picture with `alt` is an image of that name, one with an empty `alt` is decoration, and
   * one without `alt` is an image without a name. A role that the page gives it, such as `button`, stays.
   */
  #describe(): void {
    const [alt, role] = [this.getAttribute("alt"), this.getAttribute("role")];
    if (role === null || role === "img" || role === "presentation")
      this.setAttribute("role", alt === "" ? "presentation" : "img");
    if (alt === "") this.removeAttribute("aria-label");
    else if (alt !== null) this.setAttribute("aria-label", alt);
  }

  /** Sets the size by a rule of the shadow root, so that style sheets of the page win, as they do for `<img>`. */
  #measure(): void {
    const { ownerDocument: document } = this;
    if (!document.defaultView) return; // it is shown nowhere
    const [width, height] = ["width", "height"].map((name) => sideIn(this.getAttribute(name)));
    const rules = rulesOf(width, height, this.#size ?? { width: pixels(width), height: pixels(height) });
    const wanted = [STYLE, ...rules].map((each) => sheetOf(each, document));
    const { adoptedStyleSheets: now } = this.#root;
    if (now.length > 0 && now[1] === wanted[1]) return; // the same rules again are laid out again
    this.#root.adoptedStyleSheets = wanted;
  }

  async #show(signal: AbortSignal): Promise<void> {
    try {
      const file = await fileOf(this.src, signal);
      const look = this.look === "natural" ? "natural" : "faithful";
      // the client is not kept: a worker that broke is replaced
      const picture = await client(decoderPlace).decode(file, look, signal);
      const element = await elementOf(picture);
      if (signal.aborted) return;
      if (this.decoding) element.setAttribute("decoding", this.decoding);
      this.#fill(element, picture);
      this.removeAttribute("broken");
      this.#end();
      this.dispatchEvent(new Event("load"));
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(error, signal);
      throw error;
    }
  }

  #fail(error: unknown, signal: AbortSignal): void {
    warnOnce(error);
    if (this.fallback) {
      this.removeAttribute("broken");
      const img = new Image();
      img.alt = ""; // the element itself has the name
      img.onload = () =>
        signal.aborted || this.#fill(img, { width: img.naturalWidth, height: img.naturalHeight });
      img.onerror = () => signal.aborted || this.#break();
      img.src = this.fallback;
      this.#fill(img);
    } else {
      this.#break();
    }
    this.#end();
    this.dispatchEvent(new CustomEvent("error", { detail: error }));
  }

  #end(): void {
    this.#complete = true;
    forget(this);
  }

  #break(): void {
    this.setAttribute("broken", "");
    const frame = document.createElement("div");
    frame.className = "broken";
    frame.setAttribute("part", "broken");
    frame.setAttribute("aria-hidden", "true"); // the element itself has the name
    frame.textContent = this.alt || "✕";
    this.#fill(frame);
  }

  #fill(content: HTMLElement, size?: Size): void {
    if (!content.hasAttribute("part")) content.setAttribute("part", "picture");
    content.draggable = content.localName === "img" && this.getAttribute("draggable") !== "false";
    if (this.#root.firstElementChild !== content) this.#root.replaceChildren(content);
    this.#size = size;
    this.#measure();
  }
}

async function fileOf(src: string, signal: AbortSignal): Promise<Uint8Array> {
  if (!URL_SIGNS.test(src)) return bytesOf(src);
  const response = await fetch(src, { signal });
  if (!response.ok) throw new Error(`${src}: expected status 200, got ${response.status}`);
  return bytesOf(await response.arrayBuffer());
}

/** Says in the console why a picture is not shown. Once for each kind of failure, as a list may have thousands. */
function warnOnce(error: unknown): void {
  const { code, message } = error as { code?: string; message?: string };
  const kind = code ?? "";
  if (warned.has(kind)) return;
  warned.add(kind);
  console.warn(`<zippy-img>: ${message ?? error} (said once; each picture has an error event)`);
}

const warned = new Set<string>();

/** A length of CSS. */
type Side = `${number}${"px" | "%"}` | undefined;

/** The length in an attribute, if there is one, by the rules of HTML: "50%", "64", and "64px" too. */
function sideIn(text: string | null): Side {
  const [, digits, percent] = /^\s*(\d+(?:\.\d+)?)(%?)/.exec(text ?? "") ?? [];
  return digits === undefined ? undefined : `${Number(digits)}${percent === "%" ? "%" : "px"}`;
}

/** A length in pixels, if it is one. */
function pixels(side: Side): number | undefined {
  return side?.endsWith("px") ? Number.parseFloat(side) : undefined;
}

/** The rules for a size, if any. The aspect ratio, of `shape`, is for style sheets that set only one side. */
function rulesOf(width: Side, height: Side, shape: Record<keyof Size, number | undefined>): string[] {
  const isShaped = shape.width !== undefined && shape.height !== undefined;
  const rules = [
    width === undefined ? "" : `width: ${width};`,
    height === undefined ? "" : `height: ${height};`,
    isShaped ? `aspect-ratio: auto ${shape.width} / ${shape.height};` : "",
  ].join("");
  return rules === "" ? [] : [`:host { ${rules} }`];
}

/**
 * A sheet of a document, to which it belongs: elements may move to that of a frame or of another window. All elements
 * with the same rules share it, because ten thousand sheets would take seconds. Unlike a <style>, a constructed sheet
 * is allowed by a strict style-src.
 */
function sheetOf(rules: string, document: Document): CSSStyleSheet {
  const own = sheets.get(document) ?? new Map<string, CSSStyleSheet>();
  sheets.set(document, own);
  let found = own.get(rules);
  if (!found) {
    found = new document.defaultView!.CSSStyleSheet();
    found.replaceSync(rules);
    own.set(rules, found);
  }
  return found;
}

const sheets = new WeakMap<Document, Map<string, CSSStyleSheet>>();

/** Registers `<zippy-img>`, unless it is already registered. On a server it does nothing. */
export function defineZippyImage(): void {
  const registry = globalThis.customElements;
  if (registry && !registry.get("zippy-img")) registry.define("zippy-img", ZippyImage);
}
