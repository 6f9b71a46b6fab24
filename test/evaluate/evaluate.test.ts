import assert from "node:assert/strict";
import { test } from "node:test";
import type { Comparison } from "../../src/evaluate/comparison.ts";
import { bytesAt } from "../../src/evaluate/measure/curve.ts";
import { IMAGES, zippynet } from "../cli/run.ts";

const faces = ["hat", "paint", "pearls"].map((name) => `${IMAGES}/face-${name}-64.png`);

test("zippynet evaluate prints bytes, PSNR and ratios of real files", async () => {
  const options = [
    "--size",
    "42",
    "--qualities",
    "10,40,70",
    "--decibels",
    "24,26",
    "--peers",
    "webp",
    "--json",
  ];
  const { code, out, err } = await zippynet(["evaluate", ...faces, ...options]);
  assert.equal(code, 0, err);
  assert.doesNotMatch(err, /expected|Error/); // on a slow machine it reports how far it is
  const comparison = JSON.parse(out.toString()) as Comparison;
  assert.deepEqual([comparison.images, comparison.size], [3, "42×42"]);

  const { own, peers } = comparison;
  assert.deepEqual(
    own.points.map(({ quality }) => quality),
    [10, 40, 70],
  );
  for (const [i, point] of own.points.entries()) {
    // the container is 4 bytes, the coder's end and escapes are small
    assert.ok(point.bytes - point.estimated < 0.015 * point.estimated + 4.5, JSON.stringify(point));
    assert.ok(point.bytes >= point.estimated);
    assert.ok(i === 0 || (point.psnr > own.points[i - 1]!.psnr && point.bytes > own.points[i - 1]!.bytes));
    assert.ok(point.leastPsnr <= point.psnr);
  }
  const webp = peers[0]!;
  assert.deepEqual([peers.length, webp.name], [1, "webp"]);
  assert.equal(own.at[0], bytesAt(own.points, 24));
  assert.equal(webp.ratio[0], own.at[0]! / webp.at[0]!);
  assert.ok(Math.abs(webp.meanRatio! - (webp.ratio[0]! + webp.ratio[1]!) / 2) < 1e-12);
  assert.ok(webp.meanRatio! < 0.7, `expected far fewer bytes than WebP's, got ${webp.meanRatio} of them`);
});

test("as a table, with an image that cannot be read", async () => {
  const { code, out, err } = await zippynet([
    "evaluate",
    faces[2]!,
    `${IMAGES}/README.md`,
    "--qualities",
    "50",
    "--peers",
    "none",
  ]);
  assert.equal(code, 1);
  assert.match(err, /README\.md: expected an image of type/);
  assert.match(
    out.toString(),
    /^1 image of 64×64 pixels, models \d+ \(portraits[\w-]*\), (\d+ \([a-z\d-]+\), )*\d+ \(photos-2\), effort 0\n\nquality +bytes/,
  );
});
