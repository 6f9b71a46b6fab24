import { readable } from "../browser/square.ts";

/** Larger pictures are scaled down to this many pixels a side: enough for the closest crop. */
const MOST = 2048;

/** Pixels of the longer side of an SVG when it is drawn. */
const DRAWN = 1024;

/** The largest file that is read, in bytes. */
const MAX_BYTES = 100 * 1024 * 1024;

/** Reads a picture to crop from, upright, of at most 2048 pixels a side. Throws errors that readers understand. */
export async function photograph(file: Blob): Promise<ImageBitmap> {
  if (file.size > MAX_BYTES) {
    throw new Error(
      `expected a picture of at most ${MAX_BYTES >> 20} MB, got ${Math.round(file.size / 2 ** 20)} MB`,
    );
  }
  const bitmap = await (file.type === "image/svg+xml" ? drawing(file) : readable(file)).catch(
    async (error: unknown) => {
      if (await isHeif(file)) {
        throw new Error(
          "this browser does not read HEIC: save the picture as JPEG (iPhone: Settings, Camera, Formats, Most Compatible)",
          { cause: error },
        );
      }
      throw error;
    },
  );
  const longer = Math.max(bitmap.width, bitmap.height);
  if (longer <= MOST) return bitmap;
  const by = MOST / longer;
  const smaller = await createImageBitmap(bitmap, {
    resizeWidth: Math.max(1, Math.round(bitmap.width * by)),
    resizeHeight: Math.max(1, Math.round(bitmap.height * by)),
    resizeQuality: "high",
  });
  bitmap.close();
  return smaller;
}

/** Draws an SVG, which browsers read only by an element. It is large enough for a QR code of the largest version. */
async function drawing(file: Blob): Promise<ImageBitmap> {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
  } catch (cause) {
    throw new Error("expected an SVG that this browser draws", { cause });
  } finally {
    URL.revokeObjectURL(image.src);
  }
  const by = DRAWN / Math.max(image.naturalWidth, image.naturalHeight, 1);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.naturalWidth * by));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * by));
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return createImageBitmap(canvas);
}

/** HEIF is known by the brands of its first box. AVIF, which browsers read, has others. */
async function isHeif(file: Blob): Promise<boolean> {
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 12).arrayBuffer()));
  return /^.{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)/s.test(start);
}
