import { readFile } from "node:fs/promises";
import type { Image } from "../codec/image.ts";
import { readImage } from "../image/read.ts";

/** A picture of `test/images`, by its name without `.png`. */
export async function sample(name: string): Promise<Image> {
  const file = await readFile(new URL(`../../test/images/${name}.png`, import.meta.url));
  return (await readImage(file)).image;
}
