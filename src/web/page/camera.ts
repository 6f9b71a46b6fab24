import { messageOf } from "../../codec/errors.ts";
import { at } from "./dom.ts";
import type { Given } from "./given.ts";
import { FRAME, payloadIn } from "./qr-reader.ts";

/** Milliseconds between two searches for a code. */
const EVERY = 150;

/**
 * Shows what the camera sees. Gives the photo that is taken, or the first of our codes that is seen, or undefined if
 * the reader cancels. Afterwards the camera is off.
 */
export async function viewfinder(): Promise<Given | undefined> {
  const dialog = at("viewfinder", "dialog");
  const camera = new Camera();
  at("camera-turn", "button").onclick = () => camera.turn();
  at("camera-close", "button").onclick = () => dialog.close();
  dialog.showModal();
  void camera.start();
  try {
    return await Promise.race([closed(dialog), camera.photo(), camera.code()]);
  } finally {
    camera.off();
    dialog.close();
  }
}

function closed(dialog: HTMLDialogElement): Promise<undefined> {
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(undefined);
  });
}

/** A camera for one opening of the dialog. It looks at the reader until it is turned. */
class Camera {
  readonly #video = at("video", "video");
  readonly #note = at("camera-note", "p");
  /** Takes the photo. Enabled while the video runs. */
  readonly #shoot = at("shoot", "button");
  #facing: "user" | "environment" = "user";
  /** What the browser was asked for last. */
  #asked: Promise<MediaStream> | undefined;
  #isOff = false;

  /** Asks the browser for the camera and shows its video, or says why not. */
  async start(): Promise<void> {
    this.#note.textContent = "Waiting for the camera …";
    this.#shoot.disabled = true;
    const asked = navigator.mediaDevices.getUserMedia({ video: { facingMode: this.#facing } });
    this.#asked = asked;
    const isLate = (): boolean => this.#isOff || this.#asked !== asked;
    try {
      const stream = await asked;
      if (isLate()) return;
      this.#video.srcObject = stream;
      await this.#video.play();
      this.#note.textContent = "Take a picture, or hold a code of ZippyNet before the camera.";
      this.#shoot.disabled = false;
      this.#shoot.focus();
    } catch (error) {
      if (isLate()) return; // the dialog was closed while the video started
      this.#note.textContent = `The camera cannot be used: ${messageOf(error)}`;
      this.#release();
    }
  }

  /** Takes the camera at the other side of the device. */
  turn(): void {
    this.#release();
    this.#facing = this.#facing === "user" ? "environment" : "user";
    void this.start();
  }

  off(): void {
    this.#isOff = true;
    this.#video.srcObject = null;
    this.#release();
  }

  /** Turns off what was asked for. A camera that has not started yet is turned off as soon as it does. */
  #release(): void {
    void this.#asked?.then(stop, () => undefined);
  }

  /** The photo, once the reader takes it. */
  photo(): Promise<Given | undefined> {
    return new Promise((resolve, reject) => {
      this.#shoot.onclick = () => frameOf(this.#video).then((file) => resolve(file && { file }), reject);
    });
  }

  /** The content of the first of our codes that is seen; undefined once the camera is off. */
  async code(): Promise<Given | undefined> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, EVERY));
      if (this.#isOff) return undefined;
      if (this.#shoot.disabled) continue;
      try {
        const payload = await payloadIn(this.#video, FRAME);
        if (payload) return { payload };
      } catch (error) {
        this.#note.textContent = messageOf(error); // a code with something else in it
      }
    }
  }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

async function frameOf(video: HTMLVideoElement): Promise<Blob | undefined> {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")!.drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? undefined)));
}
