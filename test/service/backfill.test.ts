import assert from "node:assert/strict";
import { win32 } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { exportPath } from "../../src/cli/commands/export.ts";
import { inParallel } from "../../src/concurrency.ts";
import { compareKeys } from "../../src/service/aws/keys.ts";
import type { Listed } from "../../src/service/aws/s3.ts";
import { backfillCost } from "../../src/service/backfill/cost.ts";
import { inLatentsOrder, type Pair, pairUp } from "../../src/service/backfill/join-listings.ts";
import { collect } from "./collect.ts";

/** As S3 lists them. */
async function* listing(keys: Iterable<string>): AsyncGenerator<Listed, void, undefined> {
  for (const key of [...keys].sort(compareKeys)) yield { key, etag: "", size: 0, modified: new Date(0) };
}

/**
 * Keys that like to begin with one another, of characters around those of `.zn`, and one beyond the Basic Multilingual
 * Plane.
 */
const key = fc
  .array(fc.constantFrom("a", ".", "z", "n", "-", "!", "/", "0", "o", "~", ".zn", "é", "\uffee", "😀"), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(""));

test("uploads come in the order of their latents", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(key, { maxLength: 40 }), async (keys) => {
      const ordered = await collect(inLatentsOrder(listing(keys)));
      const expected = keys.map((each) => `${each}.zn`).sort(compareKeys);
      assert.deepEqual(
        ordered.map((each) => `${each.key}.zn`),
        expected,
      );
    }),
    { numRuns: 3000 },
  );
});

test("each upload meets its latents, and what has no counterpart stands alone", async () => {
  const both = fc.uniqueArray(fc.tuple(key, fc.boolean(), fc.boolean()), {
    selector: ([name]) => name,
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(both, async (entries) => {
      const uploads = entries.flatMap(([name, upload]) => (upload ? [name] : []));
      const latents = entries.flatMap(([name, , made]) => (made ? [`${name}.zn`] : []));
      const pairs = await collect(pairUp(listing(uploads), listing([...latents, "jobs/report.csv", ".zn"])));
      const seen = (pair: Pair): unknown => [
        pair.key,
        pair.upload?.key === pair.key,
        pair.latents?.key === `${pair.key}.zn`,
      ];
      const expected = entries.filter(([, upload, made]) => upload || made);
      assert.deepEqual(
        new Set(pairs.map((pair) => JSON.stringify(seen(pair)))),
        new Set(expected.map((e) => JSON.stringify(e))),
      );
      assert.equal(pairs.length, expected.length);
    }),
    { numRuns: 2000 },
  );
});

test("steps run at most so many at a time, and items are taken as they are needed", async () => {
  let [running, most, taken, given] = [0, 0, 0, 0];
  async function* items(): AsyncGenerator<number> {
    for (; taken < 50; taken++) yield taken;
  }
  for await (const _ of inParallel(items(), 4, async (n) => {
    most = Math.max(most, ++running);
    await sleep(n % 3);
    running--;
  })) {
    given++;
    assert.ok(taken - given <= 4);
  }
  assert.deepEqual([most, given], [4, 50]);
});

test("what a step throws ends the work", async () => {
  const work = collect(
    inParallel([1, 2, 3, 4], 2, async (n) => {
      if (n === 3) throw new Error("three");
      return n;
    }),
  );
  await assert.rejects(work, /three/);
});

test("exported files stay in their folder, and no two keys meet", () => {
  for (const [given, path] of [
    ["a/b c.jpg", "a/b c.jpg.png"],
    ["../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd.png"],
    ["/a//b/", "%/a/%/b/%.png"],
    ["./a", "%2E/a.png"],
    ["%2E%2E/a", "%252E%252E/a.png"],
    ["ü/ø%20x.png", "ü/ø%20x.png.png"],
    ["a.png/b", "a.png%/b.png"], // a folder beside `a.png`, the picture of `a`
    ["a.PNG%/b", "a.PNG%%/b.png"],
  ] as const) {
    assert.equal(exportPath(given, ".png", false), path);
  }
  for (const [given, path] of [
    ["a\\..\\..\\..\\x", "a%5C..%5C..%5C..%5Cx.png"],
    ["C:x/.. /...", "C%3Ax/..%20/..%2E.png"],
    ["100%/a", "100%25/a.png"],
    ["a.png/b", "a.png%/b.png"],
  ] as const) {
    assert.equal(exportPath(given, ".png", true), path);
    assert.ok(win32.join("out", path).startsWith("out\\"), path);
  }
  assert.throws(() => exportPath("a\0b", ".png"), { code: "bad-option" });
  assert.throws(() => exportPath(`a/${"é".repeat(121)}`, ".png"), { code: "bad-option" });
  const hard = fc
    .array(fc.constantFrom(".", "/", "%", "2E", "25", "a", ".png", ".png/", "\\", "5C", " "), {
      minLength: 1,
      maxLength: 8,
    })
    .map((p) => p.join(""));
  fc.assert(
    fc.property(fc.uniqueArray(hard, { maxLength: 20 }), fc.boolean(), (keys, windows) => {
      const paths = keys.map((each) => exportPath(each, ".png", windows));
      assert.equal(new Set(paths).size, keys.length);
      const folders = new Set(
        paths.flatMap((path) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index))),
      );
      for (const path of paths) assert.ok(!folders.has(path), `${path} is a file and a folder`);
      for (const path of paths) {
        assert.ok(
          !path.startsWith("/") && !path.split("/").some((part) => ["", ".", ".."].includes(part)),
          path,
        );
      }
    }),
    { numRuns: 2000 },
  );
});

test("a million uploads cost some dollars", () => {
  const work = { uploads: 1e6, latents: 0, questions: 0, encodes: 1e6, bytes: 5e9 };
  const { requests, transferOut } = backfillCost(work);
  assert.ok(Math.abs(requests - (5 + 4 * 0.4 + 0.005)) < 1e-9, String(requests));
  assert.ok(Math.abs(transferOut - 0.45) < 1e-9);
  const byJob = backfillCost({ ...work, byJob: true });
  assert.deepEqual([byJob.requests, byJob.transferOut], [requests, 0]);
  // the job, its million objects, and 100 ms a function with 1769 MB
  assert.ok(Math.abs(byJob.job - (0.25 + 1 + 0.2 + 0.45 + 0.1 * (1769 / 1024) * 13.3334)) < 1e-9);
  assert.equal(backfillCost({ ...work, encodes: 0, byJob: true }).job, 0);
  const checked = backfillCost({ ...work, latents: 1e6, questions: 1e6, encodes: 0, bytes: 0 });
  assert.ok(Math.abs(checked.requests - (0.01 + 0.4)) < 1e-9);
});
