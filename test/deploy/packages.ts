import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import * as v from "valibot";
import { ARCHITECTURE } from "./deployment.ts";
import { osls } from "./processes.ts";
import { deployment } from "./shared.ts";
import { zipSizes } from "./zip.ts";

/** Lambda's: a function with its layers unpacked, and its layers. How large a ZIP is counts only without S3 between. */
const UNZIPPED = 250_000_000;
const LAYERS = 5;

/** What a stack's template says of functions and layers. */
const Template = v.object({
  Resources: v.record(v.string(), v.object({ Type: v.string(), Properties: v.optional(v.unknown()) })),
});
const LambdaFunction = v.object({
  Code: v.object({ S3Key: v.string() }),
  Layers: v.array(v.object({ Ref: v.string() })),
  Architectures: v.tuple([v.string()]),
});
const Layer = v.object({ Content: v.object({ S3Key: v.string() }) });

test("what was deployed is within Lambda's limits", (t) => checkPackages(t, ".serverless", ARCHITECTURE));

test("what osls packages for the other processor is, too", async (t) => {
  const other = ARCHITECTURE === "arm64" ? "x86_64" : "arm64";
  const folder = await mkdtemp(join(tmpdir(), "zippynet-packages-"));
  try {
    const options = ["--package", folder, "--param", `architecture=${other}`];
    await osls(["package", ...options], deployment.ministack.environment);
    await checkPackages(t, folder, other);
  } finally {
    await rm(folder, { recursive: true });
  }
});

async function checkPackages(t: TestContext, folder: string, architecture: string): Promise<void> {
  const json = await readFile(join(folder, "cloudformation-template-update-stack.json"), "utf8");
  const { Resources } = v.parse(Template, JSON.parse(json));
  // the emulator reserves nothing, so the template has to do
  const { ReservedConcurrentExecutions } = Resources["BatchLambdaFunction"]!.Properties as Record<
    string,
    unknown
  >;
  const share = { "Fn::If": ["HasBatchConcurrency", 20, { Ref: "AWS::NoValue" }] };
  assert.deepEqual(ReservedConcurrentExecutions, share);
  const of = (type: string): [string, unknown][] =>
    Object.entries(Resources).flatMap(([name, { Type, Properties }]) =>
      Type === type ? [[name, Properties]] : [],
    );

  const unzippedOf = async (key: string): Promise<number> => {
    const file = basename(key);
    const { zipped, unzipped } = await zipSizes(join(folder, file));
    t.diagnostic(`${architecture} ${file}: ${megabytes(zipped)} zipped, ${megabytes(unzipped)} unzipped`);
    return unzipped;
  };
  const layers = new Map<string, number>();
  for (const [name, layer] of of("AWS::Lambda::LayerVersion"))
    layers.set(name, await unzippedOf(v.parse(Layer, layer).Content.S3Key));

  const functions = of("AWS::Lambda::Function");
  assert.ok(functions.length >= 2, `expected encode and decode, got ${functions.map(([name]) => name)}`);
  for (const [name, properties] of functions) {
    const { Code, Layers, Architectures } = v.parse(LambdaFunction, properties);
    assert.deepEqual(Architectures, [architecture]);
    assert.ok(Layers.length <= LAYERS, `${name}: expected at most ${LAYERS} layers, got ${Layers.length}`);
    let total = await unzippedOf(Code.S3Key);
    for (const { Ref } of Layers) total += layers.get(Ref) ?? Number.NaN;
    t.diagnostic(`${architecture} ${name}: ${megabytes(total)} with its layers, unzipped`);
    assert.ok(
      total < UNZIPPED,
      `${name}: expected less than ${megabytes(UNZIPPED)}, got ${megabytes(total)}`,
    );
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
