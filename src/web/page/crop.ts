import type { Crop } from "../browser/square.ts";
import { at } from "./dom.ts";
import type { Pace } from "./latest.ts";

/** Side of the crop at the closest zoom, as a share of the picture's shorter side. */
const CLOSEST = 0.15;
/** What an arrow key moves the crop by, as a share of its side. */
const STEP = 0.04;

/** The square crop. It is moved by dragging and arrow keys, and zoomed by slider, wheel, + and −. */
export class Cropper {
  readonly #canvas = at("crop", "canvas");
  readonly #zoom = at("zoom", "input");
  readonly #changed: (pace: Pace) => void;
  #bitmap: ImageBitmap | undefined;
  #middle = { x: 0.5, y: 0.5 };
  #dragged = false;

  /** @param changed is called when the reader moves the crop */
  constructor(changed: (pace: Pace) => void) {
    this.#changed = changed;
    // so that screen readers pass keys on to this element, as to a slider
    const attributes = {
      tabindex: "0",
      role: "application",
      "aria-label": "Crop",
      "aria-describedby": "crop-help",
    };
    for (const [name, value] of Object.entries(attributes)) this.#canvas.setAttribute(name, value);
    this.#zoom.addEventListener("input", () => this.#move(0, 0, "moving"));
    this.#zoom.addEventListener("change", () => this.#move(0, 0, "resting"));
    this.#canvas.addEventListener("keydown", (event) => this.#key(event));
    this.#canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#canvas.addEventListener("pointerdown", (event) => this.#press(event));
    this.#canvas.addEventListener("pointermove", (event) => this.#drag(event));
    this.#canvas.addEventListener("lostpointercapture", () => this.#release());
  }

  get bitmap(): ImageBitmap | undefined {
    return this.#bitmap;
  }

  get crop(): Crop {
    const { left, top, side } = this.#square();
    const { width, height } = this.#bitmap!;
    const share = (from: number, room: number): number => (room > 0 ? from / room : 0.5);
    return {
      x: share(left, width - side),
      y: share(top, height - side),
      size: side / Math.min(width, height),
    };
  }

  /** Takes another picture, not zoomed, and frees the one before. */
  show(bitmap: ImageBitmap): void {
    this.#bitmap?.close();
    this.#bitmap = bitmap;
    this.#middle = { x: bitmap.width / 2, y: bitmap.height / 2 };
    this.#zoom.value = "0";
    this.#draw();
  }

  #square(): { left: number; top: number; side: number } {
    const { width, height } = this.#bitmap!;
    const side = Math.min(width, height) * CLOSEST ** (Number(this.#zoom.value) / 100);
    return { left: this.#middle.x - side / 2, top: this.#middle.y - side / 2, side };
  }

  /** Moves the crop by shares of its side. */
  #move(x: number, y: number, pace: Pace): void {
    if (!this.#bitmap) return;
    const { width, height } = this.#bitmap;
    const { side } = this.#square();
    const within = (value: number, most: number): number =>
      Math.min(most - side / 2, Math.max(side / 2, value));
    this.#middle = {
      x: within(this.#middle.x + x * side, width),
      y: within(this.#middle.y + y * side, height),
    };
    this.#draw();
    this.#changed(pace);
  }

  #draw(): void {
    const { left, top, side } = this.#square();
    const context = this.#canvas.getContext("2d")!;
    const { width } = this.#canvas;
    context.imageSmoothingQuality = "high";
    context.fillStyle = "#fff"; // transparency is encoded as white
    context.fillRect(0, 0, width, width);
    context.drawImage(this.#bitmap!, left, top, side, side, 0, 0, width, width);
  }

  #press(event: PointerEvent): void {
    this.#dragged = false;
    this.#canvas.setPointerCapture(event.pointerId);
  }

  #drag(event: PointerEvent): void {
    if (!this.#canvas.hasPointerCapture(event.pointerId)) return;
    this.#dragged ||= event.movementX !== 0 || event.movementY !== 0;
    if (!this.#dragged) return;
    const side = this.#canvas.clientWidth;
    this.#move(-event.movementX / side, -event.movementY / side, "moving");
  }

  #release(): void {
    if (this.#dragged) this.#move(0, 0, "resting"); // a click without a drag changes nothing
  }

  #key(event: KeyboardEvent): void {
    const moves: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.#move(-STEP, 0, "resting"),
      ArrowRight: () => this.#move(STEP, 0, "resting"),
      ArrowUp: () => this.#move(0, -STEP, "resting"),
      ArrowDown: () => this.#move(0, STEP, "resting"),
      "+": () => this.#zoomBy(5),
      "=": () => this.#zoomBy(5),
      "-": () => this.#zoomBy(-5),
    };
    const move = event.ctrlKey || event.metaKey ? undefined : moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  /** Only while the crop has the focus. Otherwise the wheel scrolls the page. */
  #wheel(event: WheelEvent): void {
    if (document.activeElement !== this.#canvas) return;
    event.preventDefault();
    this.#zoomBy(event.deltaY < 0 ? 4 : -4);
  }

  #zoomBy(steps: number): void {
    this.#zoom.value = String(Number(this.#zoom.value) + steps);
    this.#move(0, 0, "resting");
  }
}
