import { at, messageOf } from "./dom.ts";

/** Shows what the camera sees; gives the picture that is taken, or nothing if none is. */
export async function viewfinder(): Promise<Blob | undefined> {
  const [dialog, video, note] = [at("viewfinder", "dialog"), at("video", "video"), at("camera-note", "p")];
  const [shoot, cancel] = [at("shoot", "button"), at("camera-close", "button")];
  let stream: MediaStream | undefined;
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
  const asked = navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } }).then(
    async (found) => {
      stream = found;
      if (!dialog.open) return stop(found);
      video.srcObject = found;
      await video.play();
      note.textContent = "";
      shoot.disabled = false;
      shoot.focus();
    },
    (error: unknown) => {
      note.textContent = `The camera cannot be used: ${messageOf(error)}`;
    },
  );
  try {
    return await Promise.race([closed, shot]);
  } finally {
    dialog.close();
    video.srcObject = null;
    void asked.then(() => stream && stop(stream));
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
