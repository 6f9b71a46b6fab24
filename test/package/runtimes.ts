import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bytesIn, freshFolder, installed, npmInstall, run, writeFiles } from "./installed.ts";

const PNG = fileURLToPath(new URL("../images/face-hat-64.png", import.meta.url));

const IMPORT = `
import { decode, encode, info, listModels } from "zippynet";
const data = Uint8Array.from({ length: 48 * 48 * 3 }, (_, i) => (i * 7) % 256);
const file = await encode({ width: 48, height: 48, data }, { quality: 30, classical: false });
const picture = await decode(file);
console.log(JSON.stringify([info(file).kind, picture.data.length, (await listModels()).length > 0]));
`;
const REQUIRE = `
const { encode } = require("zippynet");
const { signUrl } = require("zippynet/sign");
const url = signUrl("https://a.example/images/b", "x".repeat(32), new Date(2e12));
console.log(JSON.stringify([typeof encode, new URL(url).searchParams.get("expires")]));
`;
const DECODE = (model: string, text: string): string => `
import model from "${model}";
import { configure, decode } from "zippynet/decode";
configure({ models: [model] });
const { width, height, data } = await decode("${text}");
console.log(JSON.stringify([width, height, data.length]));
`;

suite("installed in a fresh folder", { timeout: 900_000 }, () => {
  test("at most 12 packages; without sharp's binaries and weights under 1.95 MB", async () => {
    const { own } = await installed();
    const folder = await freshFolder({ "package.json": '{ "private": true }' });
    await npmInstall(folder, own.library, own.model);
    const { stdout } = await run("npm", ["ls", "--all", "--parseable"], folder);
    const packages = stdout.trim().split("\n").length - 1; // the folder itself is the first
    assert.ok(packages <= 12, stdout);
    // sharp/src is what its binaries are built from
    const leftOut =
      /node_modules[\\/](@img[\\/]sharp-|sharp[\\/]src[\\/])|\.safetensors$|[\\/]inline\.js$|\.package-lock\.json$/;
    const bytes = await bytesIn(join(folder, "node_modules"), leftOut);
    console.log(`${packages} packages, ${bytes} bytes without sharp's binaries and weights`);
    assert.ok(bytes < 1_950_000, `${bytes} bytes`);
    const cli = join(folder, "node_modules/zippynet/bin/zippynet.js");
    const train = [cli, "train", folder, "--domain", "mine", "--minutes", "1"];
    await assert.rejects(run("node", train, folder), /npm install @tensorflow\/tfjs-core@/);
    const withTorch = [...train, "--engine", "torch"];
    await assert.rejects(run("node", withTorch, folder), /Python 3\.10 or later with PyTorch/);
  });

  test("without sharp: latents work, what needs it says so, and so do commands that need AWS", async () => {
    const { own } = await installed();
    const folder = await freshFolder({
      "package.json": '{ "private": true }',
      "a.mjs": IMPORT,
      "b.mjs": `
        import { encode } from "zippynet";
        const picture = { width: 48, height: 48, data: new Uint8Array(48 * 48 * 4) };
        await encode(picture).catch((error) => console.log(error.code, error.message));`,
    });
    await npmInstall(folder, "--omit=optional", own.library, own.model);
    assert.deepEqual(JSON.parse((await run("node", ["a.mjs"], folder)).stdout), [
      "latents",
      48 * 48 * 4,
      true,
    ]);
    assert.match((await run("node", ["b.mjs"], folder)).stdout, /^unavailable .*npm install sharp/);
    const cli = join(folder, "node_modules/zippynet/bin/zippynet.js");
    await assert.rejects(run("node", [cli, "encode", PNG, "-o", folder], folder), /npm install sharp/);
    const backfill = [cli, "backfill", "s3://uploads", "--latents-bucket", "latents"];
    await assert.rejects(run("node", backfill, folder), /npm install @aws-sdk\/client-lambda/);
    const train = [cli, "train", folder, "--domain", "mine"];
    await assert.rejects(run("node", train, folder), /npm install sharp/);
    for (const command of ["backfill", "train"])
      assert.match((await run("node", [cli, command, "--help"], folder)).stdout, /^Usage: zippynet/);
    assert.match(
      (await run("node", [cli, "completion", "bash"], folder)).stdout,
      /backfill\) words=".*--prune/,
    );
  });

  const nodes = { "Node 20.19": "node20", "Node 22.12": "node22", "this Node": undefined };
  for (const [name, folderName] of Object.entries(nodes)) {
    test(`${name}: import, require, the command line`, async () => {
      const { folder } = await installed();
      const node = folderName ? join(folder, "node_modules", folderName, "bin/node") : "node";
      await writeFiles(folder, { "import.mjs": IMPORT, "require.cjs": REQUIRE });
      assert.deepEqual(JSON.parse((await run(node, ["import.mjs"], folder)).stdout), ["latents", 9216, true]);
      assert.deepEqual(JSON.parse((await run(node, ["require.cjs"], folder)).stdout), [
        "function",
        "2000000000",
      ]);
      const cli = join(folder, "node_modules/zippynet/bin/zippynet.js");
      const out = join(folder, `out-${folderName}`);
      await run(node, [cli, "encode", PNG, "-o", out, "--json"], folder);
      const { stdout } = await run(
        node,
        [cli, "decode", join(out, "face-hat-64.zn"), "-o", out, "--json"],
        folder,
      );
      assert.equal(JSON.parse(stdout).files[0].width, 64);
      const pattern = run(node, [cli, "info", join(out, "*.zn")], folder);
      if (folderName === "node20")
        await assert.rejects(pattern, /a pattern in quotes needs Node 22 or later/);
      else assert.match((await pattern).stdout, /face-hat-64\.zn: 64×64/);
      assert.match((await run(node, [cli, "models"], folder)).stdout, /^ *\d+ {2}\S+ +\d\.\d MB/);
      await assert.rejects(run(node, [cli, "serve"], folder), /expected a checkout of the project/);
    });
  }

  for (const [name, args] of Object.entries({ bun: [], deno: ["run", "--allow-all"] })) {
    test(`${name}: import, and zippynet/decode`, async () => {
      const { folder, modelPackage, picture } = await installed();
      await writeFiles(folder, { "import.mjs": IMPORT, "decode.mjs": DECODE(modelPackage, picture) });
      const binary = join(folder, "node_modules/.bin", name);
      const told = async (file: string) => JSON.parse((await run(binary, [...args, file], folder)).stdout);
      assert.deepEqual(await told("import.mjs"), ["latents", 9216, true]);
      assert.deepEqual(await told("decode.mjs"), [64, 64, 64 * 64 * 4]);
    });
  }
});
