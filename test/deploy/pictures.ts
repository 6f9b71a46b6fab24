import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { latentsKey } from "../../src/service/aws/keys.ts";
import { deployment, face } from "./shared.ts";
import { until } from "./until.ts";

const KEYS = ["a/b c+d (1).png", "ü/ø%20x.png", "100%.png", "it's&a=b;c.png"];

test("the stack's outputs name its buckets, its API and its queue", () => {
  const { outputs } = deployment;
  assert.equal(outputs["UploadsBucketName"], "zippynet-test-up");
  assert.equal(outputs["LatentsBucketName"], "zippynet-test-la");
  assert.match(outputs["ApiUrl"] ?? "", /^https?:\/\/[^/]+$/);
  assert.match(outputs["FailuresQueueUrl"] ?? "", /FailuresQueue/);
});

for (const key of KEYS) {
  test(`${key}: an upload comes back from the API`, async () => {
    const { metadata, size } = await deployment.uploaded(key, face);
    assert.ok(Number(metadata["model-number"]) >= 1, metadata["model"]);
    assert.ok(size < 400, `expected fewer than 400 bytes, got ${size}`);

    const png = await deployment.get(key, "?format=png");
    assert.equal(png.status, 200, png.body.toString());
    assert.equal(png.headers["content-type"], "image/png");
    const distance = psnr(await pixels(png.body), await pixels(face));
    const told = Number(metadata["psnr"]);
    assert.ok(
      Math.abs(distance - told) < 0.02,
      `expected the PSNR that metadata state, ${told}, got ${distance}`,
    );

    const zn = await deployment.get(key, "?format=zn");
    const latents = await deployment.store.read(deployment.latents, latentsKey(key));
    assert.deepEqual(zn.body, Buffer.from(latents!.bytes));

    const head = await deployment.get(key, "?format=png", "HEAD");
    assert.deepEqual([head.status, head.body.length], [200, 0]);
    assert.equal(head.headers["etag"], png.headers["etag"]);
  });
}

test("a search, which loads more than one pass needs, runs in the package too", async () => {
  const { metadata, size } = await deployment.uploaded("searched.png", face, { effort: "2" });
  const { size: once } = (await deployment.latentsOf(KEYS[1]!))!;
  assert.equal(metadata["effort"], "2");
  assert.ok(size < once * 1.2, `expected a file like the one of one pass (${once} bytes), got ${size}`);
});

test("what was never uploaded is not found", async () => {
  // without s3:ListBucket in the role's policy, S3 would say 403, and the API 500
  const { status, headers } = await deployment.get("nobody.png");
  assert.deepEqual([status, headers["content-type"]], [404, "application/problem+json"]);
});

test("deleting the upload deletes its latents", async () => {
  const [key] = KEYS as [string];
  await deployment.remove(key);
  await until(`no latents of ${key}`, async () => (await deployment.latentsOf(key)) === undefined);
  assert.equal((await deployment.get(key)).status, 404);
  assert.ok(await deployment.latentsOf(KEYS[1]!), "expected the latents of others to stay");
});

async function pixels(image: Buffer): Promise<Buffer> {
  return sharp(image).removeAlpha().raw().toBuffer();
}

function psnr(a: Buffer, b: Buffer): number {
  assert.equal(a.length, b.length);
  const sum = a.reduce((total, value, i) => total + (value - b[i]!) ** 2, 0);
  return 10 * Math.log10((255 ** 2 * a.length) / sum);
}
