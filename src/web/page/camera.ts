import type { Payload } from "../../qr/payload.ts";
import { at, messageOf } from "./dom.ts";
import { FRAME, payloadIn } from "./qr-reader.ts";

/** What the camera gave: a photo, or the content of a QR code that it saw. */
export type Caught = { readonly photo: Blob } | { readonly payload: Payload };

/** Milliseconds between two searches for a code. */
const EVERY = 150;

/**
 * Shows what the camera sees. Gives the photo that is taken, or the first of our codes that is seen, or undefined if
 * the reader cancels. Afterwards the camera is off.
 */
export async function viewfinder(): Promise<Caught | undefined> {
  const [dialog, video, note] = [at("viewfinder", "dialog"), at("video", "video"), at("camera-note", "p")];
  const [shoot, cancel, turn] = [
    at("shoot", "button"),
    at("camera-close", "button"),
    at("camera-turn", "button"),
  ];
  let over = false; // of this call: the dialog may be open again for another one
  let facing: "user" | "environment" = "user";
  let asked: Promise<MediaStream> | undefined;
  cancel.onclick = () => dialog.close();
  dialog.showModal();
  const closed = new Promise<undefined>((resolve) => {
    dialog.onclose = () => resolve(undefined);
  });
  const shot = new Promise<Caught | undefined>((resolve, reject) => {
    shoot.onclick = () => frameOf(video).then((photo) => resolve(photo && { photo }), reject);
  });
  // a camera that has not started yet is turned off as soon as it does
  const turnOff = (camera = asked): Promise<void> | undefined => camera?.then(stop, () => undefined);
  const show = async (): Promise<void> => {
    note.textContent = "Waiting for the camera …";
    shoot.disabled = true;
    const camera = navigator.mediaDevices.getUserMedia({ video: { facingMode: facing } });
    asked = camera;
    try {
      const stream = await camera;
      if (over || asked !== camera) return;
      video.srcObject = stream;
      await video.play();
      note.textContent = "Take a picture, or hold a code of ZippyNet before the camera.";
      shoot.disabled = false;
      shoot.focus();
    } catch (error) {
      if (over || asked !== camera) return; // the dialog was closed while the video started
      note.textContent = `The camera cannot be used: ${messageOf(error)}`;
      void turnOff();
    }
  };
  turn.onclick = () => {
    void turnOff();
    facing = facing === "user" ? "environment" : "user";
    void show();
  };
  void show();
  const seen = async (): Promise<Caught> => {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, EVERY));
      if (over) return new Promise(() => undefined); // one of the other promises has settled
      if (shoot.disabled) continue;
      try {
        const payload = await payloadIn(video, FRAME);
        if (payload) return { payload };
      } catch (error) {
        note.textContent = messageOf(error); // a code with something else in it
      }
    }
  };
  try {
    return await Promise.race([closed, shot, seen()]);
  } finally {
    over = true;
    dialog.close();
    video.srcObject = null;
    void turnOff();
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
