/** Puts pixels on a canvas, which takes their size. */
export function canvasOf(picture: ImageData, canvas: HTMLCanvasElement): HTMLCanvasElement {
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d")!.putImageData(picture, 0, 0);
  return canvas;
}

/** Pixels as an image file; PNG unless told. @param quality 0–1, of lossy formats */
export function blobOf(picture: ImageData, type = "image/png", quality?: number): Promise<Blob> {
  const canvas = canvasOf(picture, document.createElement("canvas"));
  return new Promise((resolve, reject) => {
    const done = (blob: Blob | null): void =>
      blob?.type === type ? resolve(blob) : reject(new Error(`this browser does not write ${type}`));
    canvas.toBlob(done, type, quality);
  });
}
