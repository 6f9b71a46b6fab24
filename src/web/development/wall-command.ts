/** `npm run wall -- [FOLDER]`: serves a page of a folder's pictures, ZippyNet beside WebP of the same PSNR. */
import { fileURLToPath } from "node:url";
import cliProgress from "cli-progress";
import { Command, InvalidArgumentError } from "commander";
import { isOfInput } from "../../codec/errors.ts";
import { buildWeb, WEB } from "../build/build.ts";
import { makeWall } from "./make-wall.ts";
import { WebServer } from "./server.ts";
import { breakEven, WALL } from "./wall-document.ts";

interface Options {
  readonly count: number;
  readonly side: number;
  readonly psnr: number;
  readonly model?: string;
  readonly port: number;
}

const PICTURES = fileURLToPath(new URL("wall-pictures/", import.meta.url));
/** Milliseconds between two lines of progress if standard error is not a terminal. */
const QUIET = 10_000;

await new Command("wall")
  .description("a page of a folder's pictures, ZippyNet beside WebP of the same PSNR, with what both weigh")
  .argument("[folder]", "pictures to show, those of its folders within", PICTURES)
  .option("--count <n>", "the most pictures, 1–10000", within(1, 10_000), 1000)
  .option("--side <pixels>", "of a picture, 16–256", within(16, 256), 64)
  .option("--psnr <dB>", "of each picture at least, 20–50", within(20, 50), 28)
  .option("--model <name>", "by default the free one that makes them smallest")
  .option("--port <port>", "to serve the page on; 0 takes any free one", within(0, 65_535), 8081)
  .action(async (folder: string, options: Options) => {
    const bar = new cliProgress.SingleBar({
      format: "{bar} {value} of {total} pictures, {eta_formatted} left",
      stream: process.stderr,
      clearOnComplete: true,
      noTTYOutput: true,
      notTTYSchedule: QUIET,
    });
    console.error("Building the page …");
    await buildWeb();
    const wall = await makeWall({
      ...options,
      folder,
      out: WEB,
      onProgress: (done, total) => (bar.isActive ? bar.update(done) : bar.start(total, done)),
      onFailure: (path, error) => console.error(`${path}: ${(error as Error).message}`),
    }).finally(() => bar.stop());
    const { count, zn, webp, once } = wall;
    const even = breakEven(wall);
    const from = even === undefined ? "never less, with them" : `less, with them, from ${even} pictures on`;
    console.log(
      `${count} pictures: ${zn.sent} bytes, as WebP ${webp.sent}; code and weights ${once}: ${from}; in ${WEB}`,
    );
    const { url } = await WebServer.start({ folder: WEB, port: options.port });
    console.log(`${url}/${WALL}  (Ctrl-C stops)`);
  })
  .parseAsync()
  .catch((error: unknown) => {
    // what a folder, a model or a port may cause is told in a line; other errors are faults and keep their stack
    if (!isOfInput(error)) throw error;
    console.error(error.message);
    process.exit(1);
  });

/** A reader for the number of an option. */
function within(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most && (least === 20 || Number.isInteger(value)))
      return value;
    throw new InvalidArgumentError(`expected a number of ${least}–${most}, got ${text}`);
  };
}
