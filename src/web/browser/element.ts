import { bytesOf } from "../../api/source.ts";
import { client } from "./client.ts";
import { decoderPlace } from "./decoder-place.ts";
import { canvasOf } from "./picture.ts";

/** A text with one of these is a URL: base64url has neither. */
const URL_SIGNS = /[/.:?]/;

const STYLE = `
:host { display: inline-block; position: relative; overflow: hidden; vertical-align: bottom; contain: paint; }
:host([hidden]) { display: none; }
canvas, img { display: block; width: 100%; height: 100%; }
.broken {
  display: flex; align-items: center; justify-content: center; box-sizing: border-box; width: 100%; height: 100%; min-width: 1.5em;
  min-height: 1.5em; padding: 0.25em; border: 1px dashed currentColor; opacity: 0.6; font: 0.75em/1.2 system-ui, sans-serif;
  text-align: center; overflow: hidden;
}
`;

/** Undefined on a server, where this module may be imported and does nothing. */
const sheet = globalThis.CSSStyleSheet && new CSSStyleSheet();
sheet?.replaceSync(STYLE); // constructed: a strict style-src allows it

const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

/**
 * `<zippy-img src alt width height fallback>`: a `.zn` picture as an `<img>`.
 *
 * - `src`: the text of `toInline`, or the URL of a `.zn` file (recognised by `/`, `.`, `:` or `?`)
 * - `alt`, `width`, `height`: as of `<img>`; with width and height nothing moves when the picture comes
 * - `fallback`: the URL of an ordinary picture, shown where this one cannot be
 *
 * Decoding waits until the element is near the viewport. `load` and `error` events tell the outcome; the latter's
 * `detail` is the error. What fails without fallback shows a frame with its `alt`, and has the attribute `broken`.
 */
export class ZippyImage extends Base {
  static readonly observedAttributes = ["src", "alt", "width", "height", "fallback"];

  readonly #root = this.attachShadow({ mode: "open" });
  /** Of the newest `src`: an older one that comes late is dropped. */
  #turn = 0;
  #seen = false;

  get src(): string {
    return this.getAttribute("src") ?? "";
  }

  set src(value: string) {
    this.setAttribute("src", value);
  }

  get alt(): string {
    return this.getAttribute("alt") ?? "";
  }

  set alt(value: string) {
    this.setAttribute("alt", value);
  }

  connectedCallback(): void {
    this.#describe();
    this.#measure();
    if (this.#seen) return;
    watcher().observe(this);
  }

  disconnectedCallback(): void {
    watcher().unobserve(this);
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (!this.isConnected) {
      if (name === "src") this.#seen = false; // another picture, to be shown when this comes back
      return;
    }
    if (name === "alt") this.#describe();
    else if (name === "width" || name === "height") this.#measure();
    else if (this.#seen) void this.#show();
  }

  /** Called once, when the element comes near the viewport. */
  seen(): void {
    this.#seen = true;
    void this.#show();
  }

  /**
   * A picture with `alt` is an image of that name; with an empty `alt` it is decoration; without one it is an image all
   * the same.
   */
  #describe(): void {
    const alt = this.getAttribute("alt");
    if (alt === "") {
      this.setAttribute("role", "presentation");
      this.removeAttribute("aria-label");
      return;
    }
    this.setAttribute("role", "img");
    if (alt !== null) this.setAttribute("aria-label", alt);
  }

  /** As of `<img>`, style sheets of the page win: these are the shadow's own rules on the host. */
  #measure(): void {
    if (!sheet) return;
    const [width, height] = ["width", "height"].map((name) => pixels(this.getAttribute(name)));
    const own = sheetOf(width, height);
    this.#root.adoptedStyleSheets = own ? [sheet, own] : [sheet];
  }

  async #show(): Promise<void> {
    const turn = ++this.#turn;
    try {
      const { data, width, height } = await client(decoderPlace).decode(await fileOf(this.src));
      if (turn !== this.#turn) return;
      const canvas = canvasOf(new ImageData(data, width, height), document.createElement("canvas"));
      this.#fill(canvas);
      this.removeAttribute("broken");
      this.dispatchEvent(new Event("load"));
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const fallback = this.getAttribute("fallback");
    if (fallback) {
      const img = document.createElement("img");
      img.alt = ""; // the element itself is named
      img.onerror = () => this.#break();
      img.src = fallback;
      this.#fill(img);
    } else {
      this.#break();
    }
    this.dispatchEvent(new CustomEvent("error", { detail: error }));
  }

  #break(): void {
    this.setAttribute("broken", "");
    const frame = document.createElement("div");
    frame.className = "broken";
    frame.setAttribute("part", "broken");
    frame.setAttribute("aria-hidden", "true"); // its text is the name of the element
    frame.textContent = this.alt || "✕";
    this.#fill(frame);
  }

  #fill(content: HTMLElement): void {
    if (!content.hasAttribute("part")) content.setAttribute("part", "picture");
    this.#root.replaceChildren(content);
  }
}

async function fileOf(src: string): Promise<Uint8Array> {
  if (!URL_SIGNS.test(src)) return bytesOf(src);
  const response = await fetch(src);
  if (!response.ok) throw new Error(`${src}: expected status 200, got ${response.status}`);
  return bytesOf(await response.arrayBuffer());
}

/** Whole pixels of an attribute, if it states any. */
function pixels(text: string | null): number | undefined {
  const value = Number.parseInt(text ?? "", 10);
  return value >= 0 ? value : undefined;
}

/** Shared by all elements of a size: ten thousand sheets take seconds. */
function sheetOf(width: number | undefined, height: number | undefined): CSSStyleSheet | undefined {
  if (width === undefined && height === undefined) return undefined;
  const name = `${width}×${height}`;
  let found = sizes.get(name);
  if (!found) {
    found = new CSSStyleSheet();
    const rules = [
      width === undefined ? "" : `width: ${width}px;`,
      height === undefined ? "" : `height: ${height}px;`,
      width === undefined || height === undefined ? "" : `aspect-ratio: ${width} / ${height};`,
    ];
    found.replaceSync(`:host { ${rules.join(" ")} }`);
    sizes.set(name, found);
  }
  return found;
}

const sizes = new Map<string, CSSStyleSheet>();

/** One for all elements; they begin half a screen before they are seen. */
function watcher(): IntersectionObserver {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting || !(target instanceof ZippyImage)) continue;
        observer!.unobserve(target);
        target.seen();
      }
    },
    { rootMargin: "50%" },
  );
  return observer;
}

let observer: IntersectionObserver | undefined;

/** Makes `<zippy-img>` known, once; on a server it does nothing. */
export function defineZippyImage(): void {
  const registry = globalThis.customElements;
  if (registry && !registry.get("zippy-img")) registry.define("zippy-img", ZippyImage);
}
