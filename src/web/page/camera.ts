import { at, messageOf } from "./dom.ts";

/**
 * Shows what the camera sees; gives the picture that is taken, or nothing if none is. Either way the camera is off
 * afterwards.
 */
export async function viewfinder(): Promise<Blob | undefined> {
  const [dialog, video, note] = [at("viewfinder", "dialog"), at("video", "video"), at("camera-note", "p")];
  const [shoot, cancel] = [at("shoot", "button"), at("camera-close", "button")];
  let over = false; // the dialog itself may be open again, for another picture
  note.textContent = "Waiting for the camera …";
  shoot.disabled = true;
  cancel.onclick = () => dialog.close();
  dialog.showModal();
  const closed = new Promise<undefined>((resolve) => {
    dialog.onclose = () => resolve(undefined);
  });
  const shot = new Promise<Blob | undefined>((resolve, reject) => {
    shoot.onclick = () => frameOf(video).then(resolve, reject);
  });
  const asked = navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
  // one that is still being asked for is turned off when it comes
  const turnOff = (): Promise<void> => asked.then(stop, () => undefined);
  const show = async (): Promise<void> => {
    const stream = await asked;
    if (over) return;
    video.srcObject = stream;
    await video.play();
    note.textContent = "";
    shoot.disabled = false;
    shoot.focus();
  };
  show().catch((error: unknown) => {
    if (over) return; // whoever closes the dialog takes the video away while it starts
    note.textContent = `The camera cannot be used: ${messageOf(error)}`;
    void turnOff();
  });
  try {
    return await Promise.race([closed, shot]);
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
