/** `npm run wall -- [FOLDER]`: a thousand pictures inline in one document, beside the same as WebP; serves both. */
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { buildWeb, WEB } from "../build/build.ts";
import { makeWall } from "./make-wall.ts";
import { WebServer } from "./server.ts";
import { WALL } from "./wall-documents.ts";

interface Options {
  readonly count: string;
  readonly side: string;
  readonly quality: string;
  readonly port: string;
}

const SAMPLES = fileURLToPath(new URL("../../../test/images/", import.meta.url));

await new Command("wall")
  .argument("[folder]", "pictures to make the wall of; crops of them, where they are too few", SAMPLES)
  .option("--count <n>", "pictures", "1000")
  .option("--side <pixels>", "of a picture", "42")
  .option("--quality <1-100>", "of a picture", "50")
  .option("--port <port>", "to serve it on; 0 takes any free one", "8081")
  .action(async (folder: string, { count, side, quality, port }: Options) => {
    await buildWeb();
    const bytes = await makeWall({
      folder,
      count: Number(count),
      side: Number(side),
      quality: Number(quality),
      out: WEB,
    });
    console.log(
      `${count} pictures: ${bytes.zn} bytes, as WebP at its smallest ${bytes.webp}; written to ${WEB}`,
    );
    const { url } = await WebServer.start({ folder: WEB, port: Number(port) });
    console.log(`${url}/${WALL}  (Ctrl-C stops)`);
  })
  .parseAsync();
