import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import wabt from "wabt";

const SOURCE = new URL("../src/codec/integer/kernel.wat", import.meta.url);
const TARGET = new URL("../src/codec/integer/kernel.wasm.ts", import.meta.url);

/** `kernel.wasm.ts`: the kernel's WebAssembly, to be part of any bundle. */
export async function assembled(): Promise<string> {
  const { parseWat } = await wabt();
  const parsed = parseWat("kernel.wat", await readFile(SOURCE, "utf8"), { simd: true });
  try {
    parsed.validate();
    const text = Buffer.from(parsed.toBinary({}).buffer).toString("base64");
    return [
      "/** `kernel.wat` in base64, by `npm run build:kernel`. */",
      "// biome-ignore format: one string",
      `export const KERNEL = "${text}";`,
      "",
    ].join("\n");
  } finally {
    parsed.destroy();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(TARGET, await assembled());
