import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { KERNEL } from "../../src/codec/integer/kernel.wasm.ts";
import { decoderFiles } from "../../src/model/manifest.ts";
import { COMMON as BROWSERS } from "../../src/web/build/bundle.ts";
import { COMMON, DIST, instead } from "./bundle.ts";
import type { Model } from "./models.ts";

const WEB = "src/web/browser";
const common = { ...BROWSERS, ...COMMON, external: ["@zippynet/*"] };

/**
 * Bundles for browsers, and for whatever else decodes. @param model that the library brings @param version of its
 * package
 */
export async function buildBrowser({ manifest, packageName }: Model, version: string): Promise<void> {
  await Promise.all([
    build({
      ...common,
      // modules of their own, so that bundlers leave out what a page does not use, workers too
      entryPoints: {
        "browser/index": `${WEB}/index.ts`,
        "browser/element": `${WEB}/define.ts`,
        "browser/decode": `${WEB}/decode.ts`,
        "browser/encode": `${WEB}/encode.ts`,
      },
      splitting: true,
      chunkNames: "browser/[hash]",
      plugins: [
        instead({
          [`${WEB}/decoder-place.ts`]: 'export * from "../packaged/package-decoder.ts";',
          [`${WEB}/encoder-place.ts`]: 'export * from "../packaged/package-encoder.ts";',
          "src/web/packaged/default-decoder.ts": `export const importDefaultDecoder = async () => (await import("${packageName}")).default;`,
          "src/web/packaged/default-encoder.ts": `export const importDefaultEncoder = async () => (await import("${packageName}/encoder")).default;`,
        }),
      ],
    }),
    build({
      ...common,
      entryPoints: {
        "browser/decoder.worker": `${WEB}/worker/decoder.ts`,
        "browser/encoder.worker": `${WEB}/worker/encoder.ts`,
      },
      format: "iife",
    }),
    buildScript({ manifest, packageName } as Model, version),
    buildDecoder(),
  ]);
}

/** For a script tag: the global `ZippyNet`, and `<zippy-img>`. */
async function buildScript({ manifest }: Model, version: string): Promise<void> {
  const { g_a } = manifest.blobs;
  const decoder = decoderFiles(manifest).map(({ file }) => file);
  const place = (role: string) =>
    `import { scriptPlace } from "../packaged/script-place.ts"; export const ${role}Place = scriptPlace("${role}");`;
  await build({
    ...common,
    entryPoints: { "browser/zippynet.script": `${WEB}/script.ts` },
    format: "iife",
    globalName: "ZippyNet",
    banner: { js: "var ZIPPYNET_SCRIPT=document.currentScript.src;" },
    define: {
      ZIPPYNET_MODEL: JSON.stringify({
        manifest,
        version,
        files: { decoder, encoder: [g_a.file, ...decoder] },
      }),
    },
    plugins: [
      instead({
        [`${WEB}/decoder-place.ts`]: place("decoder"),
        [`${WEB}/encoder-place.ts`]: place("encoder"),
      }),
    ],
  });
}

/** `zippynet/decode`, and the same for the edge, where WebAssembly comes as a compiled module. */
async function buildDecoder(): Promise<void> {
  const edge = (name: string, kernel: string) =>
    writeFile(
      join(DIST, `decode.${name}.js`),
      `import kernel from "${kernel}";\nimport { useKernel } from "./decode.js";\n\nuseKernel(kernel);\nexport * from "./decode.js";\n`,
    );
  await Promise.all([
    build({ ...common, entryPoints: { decode: "src/web/packaged/portable.ts" } }),
    edge("workerd", "./kernel.wasm"),
    edge("edge-light", "./kernel.wasm?module"),
    writeFile(join(DIST, "kernel.wasm"), Buffer.from(KERNEL, "base64")),
  ]);
}
