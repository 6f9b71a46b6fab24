import { readFile } from "node:fs/promises";
import { after, before } from "node:test";
import { Deployment } from "./deployment.ts";

/** The one deployment that all parts of the suite test. */
export let deployment: Deployment;
export let face: Buffer;
export let shoes: Buffer;

before(async () => {
  const image = (name: string): Promise<Buffer> =>
    readFile(new URL(`../images/${name}.png`, import.meta.url));
  [face, shoes] = await Promise.all([image("face-hat-64"), image("shoes-64")]);
  deployment = await Deployment.start();
});

after(() => deployment?.stop());
