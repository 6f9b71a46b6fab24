import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bytesAt } from "../../src/evaluate/measure/curve.ts";
import { parseSet, parseSets, readSet } from "../../src/evaluate/measure/sets.ts";
import { type Block, outline } from "../../src/evaluate/report/outline.ts";
import { type Line, plot } from "../../src/evaluate/report/plot.ts";
import type { Report, SetReport } from "../../src/evaluate/report/report.ts";
import type { StudyRow } from "../../src/evaluate/report/study.ts";
import { bytesForRank1, sameLookTable, withoutNothing } from "../../src/evaluate/report/tables.ts";
import { IMAGES, scratch } from "../cli/run.ts";

const MAIN = fileURLToPath(new URL("../../src/evaluate/report/main.ts", import.meta.url));
const path = scratch();

suite("sets of pictures", () => {
  test("are named with a size, tiles and levels", () => {
    const decibels = [27, 28.5, 30];
    assert.deepEqual(parseSet("a-1=x@y/z"), { name: "a-1", folder: "x@y/z", tiles: false, decibels });
    assert.deepEqual(parseSet("a=b@42:32,29"), {
      name: "a",
      folder: "b",
      size: 42,
      tiles: false,
      decibels: [29, 32],
    });
    assert.deepEqual(parseSet("a=b@64tiles"), { name: "a", folder: "b", size: 64, tiles: true, decibels });
    for (const wrong of ["b", "=b", "a=", "a b=c", "a=b@4", "a=b@4000"]) {
      assert.throws(() => parseSet(wrong), RangeError, wrong);
    }
    assert.throws(() => parseSets(["a=b", "a=c"]), /different names/);
    assert.equal(parseSets([]).length, 1);
  });

  test("are read in order, scaled, cut, and thinned out evenly", async () => {
    const set = { name: "a", folder: IMAGES, tiles: false, decibels: [] };
    const all = await readSet({ ...set, size: 32 });
    assert.equal(all.length, readdirSync(IMAGES).filter((name) => name.endsWith(".png")).length);
    assert.ok(all.every(({ image, original }) => image.width === 32 && image.height === 32 && !original));
    const [first, second] = await readSet(set, 2);
    assert.deepEqual([first!.name, first!.image.width, first!.image.height], ["caps-96x64.png", 96, 64]);
    assert.deepEqual(first!.original?.bytes, readFileSync(`${IMAGES}/caps-96x64.png`));
    assert.equal(second!.name, all[Math.floor(all.length / 2)]!.name);
    const tiles = await readSet({ ...set, size: 32, tiles: true });
    assert.deepEqual(
      tiles.slice(0, 6).map(({ name }) => name.split(" ")[1]),
      ["0,0", "32,0", "64,0", "0,32", "32,32", "64,32"],
    );
    const { data } = first!.image;
    assert.deepEqual(tiles[4]!.image.data.slice(0, 96), data.slice((32 * 96 + 32) * 3, (32 * 96 + 64) * 3));
  });
});

test("a report on two pictures holds real figures, in HTML, Markdown and JSON", async () => {
  mkdirSync(path("pictures"));
  for (const name of ["face-hat-64", "face-pearls-64"]) {
    copyFileSync(`${IMAGES}/${name}.png`, path("pictures", `${name}.png`));
  }
  const options = [
    ...["--efforts", "0", "--model", "portraits", "--peers", "webp,jpeg2000,jpegxl,thumbhash"],
    ...["--recognition", "tiny", "--out", path("out")],
  ];
  const { stdout } = await promisify(execFile)(process.execPath, [
    MAIN,
    ...options,
    `tiny=${path("pictures")}@42:25,27`,
  ]);
  const plots = ["psnr", "ssim", "rank1", "psnr-all", "ssim-all"].map((kind) => `tiny-${kind}.svg`);
  assert.ok(
    stdout.startsWith(`report.html, report.md, report.json, ${plots.join(", ")} written to `),
    stdout,
  );

  const report = JSON.parse(readFileSync(path("out", "report.json"), "utf8")) as Report;
  const set = report.sets[0]!;
  assert.deepEqual(
    report.models.map(({ name }) => name),
    ["portraits"],
  );
  const typed = "--efforts 0 --model portraits --peers webp,jpeg2000,jpegxl,thumbhash --recognition tiny";
  assert.equal(report.command, `npm run report -- ${typed} tiny=pictures@42:25,27`);
  assert.deepEqual([set.name, set.images, set.size, set.own.length], ["tiny", 2, "42×42", 1]);
  const [own, webp] = [set.own[0]!, set.peers.find(({ name }) => name === "webp")!];
  assert.equal(own.at[0], bytesAt(own.points, 25));
  const { ratio, meanRatio, psnr, ssim } = webp.against[0]!;
  assert.equal(ratio[1], own.at[1]! / webp.at[1]!);
  assert.ok(meanRatio! > 0.2 && meanRatio! < 0.8, `expected fewer bytes than WebP's, got ${meanRatio}`);
  assert.ok(psnr!.rate < -0.2 && psnr!.rate > -0.8 && psnr!.high - psnr!.low > 3, JSON.stringify(psnr));
  assert.ok(ssim!.rate < 0 && ssim!.rate > -0.8, JSON.stringify(ssim));
  assert.deepEqual(
    set.study.map(({ name, npy }) => [name, npy]),
    ["face-hat-64.png", "face-pearls-64.png"].map((name) => [name, 352]),
  );
  for (const { at75, at95, zippynet } of set.study) {
    assert.ok(at95.bytes > at75.bytes && at75.bytes > zippynet.bytes && at95.psnr > at75.psnr);
  }
  assert.deepEqual(
    set.sheet[0]!.cells.map(({ codec }) => codec),
    ["original", "ZippyNet, effort 0", "the same file, natural look", "WebP", "JPEG XL", "ThumbHash"],
  );
  for (const { bytes, cells } of set.sheet) {
    const peers = cells.slice(cells.findIndex(({ codec }) => codec === "WebP"));
    for (const cell of peers) assert.equal(cell.tooLarge, cell.bytes > bytes);
  }

  const { faces, curves, nearestOther } = set.recognition!;
  assert.deepEqual([faces, curves.map(({ name }) => name)], [2, ["ZippyNet, effort 0", "webp", "thumbhash"]]);
  const { points } = curves[0]!;
  const last = points.at(-1)!;
  assert.ok(last.rank1 === 1 && last.distance! < nearestOther, `${last.distance} to ${nearestOther}`);
  assert.ok(curves[2]!.points[0]!.distance! > last.distance!, "expected a blur to be less alike");

  const markdown = readFileSync(path("out", "report.md"), "utf8");
  assert.ok(markdown.includes(`| webp | ${webp.at.map((bytes) => bytes!.toFixed(1)).join(" | ")} | `));
  assert.match(markdown, /\| mean of 2 \| \d+ \| \d+ \(\d\d\.\d dB\) \|/);
  assert.doesNotMatch(markdown, /\| thumbhash \| – \| – \|/);
  assert.match(markdown, /Not at these levels: thumbhash \(\d\d\.\d dB\)/);
  const html = readFileSync(path("out", "report.html"), "utf8");
  assertBalanced(html.replace("<!doctype html>", ""));
  assertBalanced(readFileSync(path("out", "tiny-psnr.svg"), "utf8"));
  assert.equal(html.match(/<svg /g)?.length, plots.length);
  assert.ok(html.indexOf("<img ") < html.indexOf("<table>"), "expected pictures first");
  assert.equal(
    html.match(/src="data:image\/png;base64,/g)?.length,
    set.sheet.flatMap(({ cells }) => cells).length,
  );
  const words = html.replace(/base64,[^"]*/g, ""); // in which any three letters may stand
  assert.doesNotMatch(`${words}${markdown}`, /NaN|undefined|Infinity|null/);
  assert.doesNotMatch(html, /(src|href)="(?!data:|#)/, "expected nothing from elsewhere");
});

test("curves have their names at the lines up to five of them, and a legend beyond; colours know the dark", () => {
  const line = (name: string, x: number): Line => ({
    name,
    colour: { light: "#111111", dark: "#eeeeee" },
    width: 1,
    points: [
      { x, y: 20 },
      { x: x * 4, y: 30 },
    ],
  });
  const names = ["one", "two of them", "three of them", "four", "five"];
  const lines = names.map((name, i) => line(name, 100 + i));
  const axes = { title: "t", x: "x", y: "y" };
  const found = plot(axes, lines).matchAll(/<text x="([\d.]+)" y="([\d.]+)" [^>]*font-weight="600"/g);
  const rows = [...found].map(([, , y]) => Number(y)).sort((a, b) => a - b);
  assert.equal(rows.length, names.length);
  for (const [i, y] of rows.entries()) {
    if (i > 0) assert.ok(y - rows[i - 1]! >= 15, `expected names below each other, got ${rows}`);
  }
  const more = plot(axes, [...lines, line("six", 200)]);
  assert.doesNotMatch(more, /font-weight="600"/);
  assert.match(more, />six<\/text>/);
  assert.match(more, /prefers-color-scheme: dark/);
  assert.match(more, /--dark:#eeeeee/);
});

suite("what a report shows, in order", () => {
  const at = [null, null];
  const points = [1, 50].map((quality) => ({
    ...{ quality, bytes: 40 * quality, psnr: 20 + quality / 10, ssim: 0.9, estimated: 30, mostOver: 10 },
    ...{ leastPsnr: 19, bitsPerPixel: 1, kinds: { latents: 1 } },
  }));
  const saved = { bytes: 900, psnr: 40 };
  const row = { name: "a.jpg", original: 939, at75: saved, at95: saved, npy: 352, zippynet: saved };
  const set = (name: string, study: StudyRow): SetReport => ({
    ...{ name, images: 1, size: "42×42", tiles: false, decibels: [40, 50], study: [study], sheet: [] },
    own: [{ name: "ZippyNet, effort 0", settings: "", effort: 0, points, at }],
    peers: [],
  });
  const blocksOf = (report: SetReport): readonly Block[] =>
    outline({
      ...{ date: "2026-11-27", command: "npm run report", models: [{ number: 6, name: "portraits" }] },
      ...{ efforts: [0], sets: [report] },
    }).blocks;
  const openOf = (blocks: readonly Block[]): string[] =>
    blocks.flatMap((block) => (block.kind === "heading" ? block.text.split(":")[0]! : []));

  test("the study's table is open for JPEG files as they are, folded for other pictures", () => {
    assert.ok(openOf(blocksOf(set("study", { ...row, estimated: 75 }))).includes("The study's table"));
    const others = blocksOf(set("others", row));
    assert.ok(!openOf(others).includes("The study's table"));
    assert.ok(others.some((block) => block.kind === "folded" && block.title === "The study's table"));
  });

  test("what reaches no level is named in a sentence, and has no row", () => {
    const blocks = blocksOf(set("others", row));
    const texts = blocks.flatMap((block) => (block.kind === "text" ? block.text : []));
    assert.ok(texts.includes("Not at these levels: ZippyNet, effort 0 (20.1–25.0 dB)."), texts.join("\n"));
    assert.ok(
      texts.some((text) => text.startsWith("Without others, ")),
      texts.join("\n"),
    );
  });
});

test("tables drop rows and columns that are empty", () => {
  const table = {
    head: ["name", "a", "b", "c"],
    rows: [
      ["x", "1", "–", ""],
      ["y", "–", "–", "–"],
      ["z", "–", "–", "3"],
    ],
  };
  const rows = [
    ["x", "1", ""],
    ["z", "–", "3"],
  ];
  assert.deepEqual(withoutNothing(1, table), { head: ["name", "a", "c"], rows });
});

test("bytes for a share of faces are read off the curve, or are the smallest file's", () => {
  const points = [
    { quality: 1, bytes: 50, psnr: 20, rank1: 0.4 },
    { quality: 2, bytes: 100, psnr: 25, rank1: 0.8 },
  ];
  assert.equal(bytesForRank1(points, 0.3), 50);
  assert.equal(bytesForRank1(points, 0.8), 100);
  const between = bytesForRank1(points, 0.6)!;
  assert.ok(between > 50 && between < 100, String(between));
  assert.equal(bytesForRank1(points, 0.9), null);
});

test("bytes at an LPIPS are read off the curve; a codec that reaches no level has no row", () => {
  const curve = (name: string, ...lpips: readonly number[]) => ({
    name,
    points: lpips.map((value, i) => ({ quality: i + 1, bytes: 50 * 2 ** i, psnr: 20 + i, lpips: value })),
  });
  const { head, rows } = sameLookTable({ curves: [curve("a", 0.3, 0.2, 0.1), curve("b", 0.9, 0.8, 0.7)] });
  assert.deepEqual(head, ["codec", "bytes at LPIPS 0.2", "bytes at LPIPS 0.15", "bytes at LPIPS 0.1"]);
  const [name, first, between, last] = rows[0]!;
  assert.deepEqual([rows.length, name, first, last], [1, "a", "100", "200"]);
  assert.ok(Number(between) > 100 && Number(between) < 200, between);
});

test("what is asked for wrongly is an error, with the usage", async () => {
  for (const options of [
    ["--efforts", "10"],
    ["--peers", "gif"],
    ["folder"],
    ["--recognition", "b", "a=c"],
    ["--lpips", "b", "a=c"],
  ]) {
    const run = promisify(execFile)(process.execPath, [MAIN, ...options]);
    await assert.rejects(run, ({ code, stderr }: { code: number; stderr: string }) => {
      assert.equal(code, 2);
      assert.match(stderr, /^expected .*\n\nusage: npm run report/);
      return true;
    });
  }
});

/** Every tag that opens closes in order, but for those of HTML that never do. */
function assertBalanced(text: string): void {
  const open: string[] = [];
  for (const [tag, closing, name, itself] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)[^<>]*?(\/?)>/gi)) {
    if (itself || ["meta", "br", "img"].includes(name!)) continue;
    if (closing) assert.equal(open.pop(), name, tag);
    else open.push(name!);
  }
  assert.deepEqual(open, []);
}
