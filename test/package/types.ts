import { join } from "node:path";
import { suite, test } from "node:test";
import { installed, run, writeFiles } from "./installed.ts";

const USE = `
import { configure, decode, encode, encodeMany, info, type Info, type Picture, ZippyNetError } from "zippynet";
import { decode as decodeAnywhere } from "zippynet/decode";
import { signUrl } from "zippynet/sign";
configure({ threads: 2 });
const picture: Picture = await decode("AA", { channels: 3 });
const file: Uint8Array<ArrayBuffer> = await encode(picture, { maxBytes: 120, model: "auto" });
const told: Info = info(file);
if (told.kind === "latents") told.quality.toFixed();
for (const outcome of await encodeMany([picture], { concurrency: 2 }))
  if (outcome.status === "fulfilled") outcome.value.length.toFixed();
new ZippyNetError("bad-file", "x").code satisfies string;
(await decodeAnywhere(file)).width.toFixed();
signUrl("https://a.b/images/c", "x".repeat(32), new Date()).length.toFixed();
// @ts-expect-error an option that is none
encode(picture, { qualty: 3 });
`;
const PAGE = `
import { encode as encodeInNode } from "zippynet";
import { decode, encode, fromInline, square } from "zippynet/browser";
import { ZippyImage } from "zippynet/element";
const picture: ImageData = await decode("AA");
const file = await encode(picture, { maxBytes: 120 });
// what takes bytes in a page takes no memory that threads share
new Response(file);
new Blob([file, fromInline("AA"), await encodeInNode(picture)]);
await square(new Blob([]), 64);
new ZippyImage().src = "AA";
await document.createElement("zippy-img").decode();
document.querySelector("zippy-img")?.naturalWidth.toFixed();
`;

suite("types", { timeout: 900_000 }, () => {
  const resolutions = { NodeNext: "NodeNext", ESNext: "Bundler" };
  for (const [module, moduleResolution] of Object.entries(resolutions)) {
    for (const skipLibCheck of [true, false]) {
      for (const types of [["node"], []]) {
        test(`${moduleResolution}, skipLibCheck ${skipLibCheck}, ${types.length ? "with" : "without"} @types/node`, async () => {
          const { folder } = await installed();
          const at = join(folder, `types-${moduleResolution}-${skipLibCheck}-${types.length}`);
          const common = {
            module,
            moduleResolution,
            skipLibCheck,
            types,
            target: "ES2024",
            strict: true,
            noEmit: true,
          };
          await writeFiles(at, {
            "package.json": '{ "type": "module" }',
            "use.ts": USE,
            "page.ts": PAGE,
            "tsconfig.json": JSON.stringify({
              compilerOptions: { ...common, lib: ["ES2024"] },
              files: ["use.ts"],
            }),
            "tsconfig.page.json": JSON.stringify({
              compilerOptions: { ...common, lib: ["ES2024", "DOM", "DOM.Iterable"] },
              files: ["use.ts", "page.ts"],
            }),
          });
          const tsc = join(folder, "node_modules/.bin/tsc");
          await run(tsc, ["-p", "tsconfig.json"], at);
          await run(tsc, ["-p", "tsconfig.page.json"], at);
        });
      }
    }
  }
});
