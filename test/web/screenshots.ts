/**
 * `npm run screenshots [-- page|natural|opened|failed|camera|wall]`: the page in its states, and the wall, as they look
 * in a browser, to be looked at: `dist/screenshots/BROWSER/NAME-WIDTH-MEDIA.png`, whole pages at three widths, light,
 * dark, in forced colours, in print. `natural` is the page with the second look; a model that has none gets one that
 * paints all a little brighter.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { toInline } from "../../src/index.ts";
import { makeWall } from "../../src/web/development/make-wall.ts";
import { WALL } from "../../src/web/development/wall-document.ts";
import { withLook } from "../codec/made-look.ts";
import { modelFolder } from "../codec/support.ts";
import { BROWSER, missing } from "./browser.ts";
import { Site } from "./site.ts";
import { choose, settled, sticksOut } from "./states.ts";

const OUT = fileURLToPath(new URL(`../../dist/screenshots/${BROWSER}/`, import.meta.url));
const PICTURES = fileURLToPath(new URL("../../src/web/development/wall-pictures/", import.meta.url));

/** Pixels of a desk, a tablet and a phone. */
const WIDTHS = [1440, 820, 390] as const;
const MEDIA = {
  light: { colorScheme: "light", forcedColors: "none", media: "screen" },
  dark: { colorScheme: "dark", forcedColors: "none", media: "screen" },
  forced: { colorScheme: "dark", forcedColors: "active", media: "screen" },
  print: { colorScheme: "light", forcedColors: "none", media: "print" },
} as const;
type Kind = keyof typeof MEDIA;

/** The media that a page is shown in. Firefox has to be told them when it starts, and print not at all. */
const PAGES_MEDIA: readonly (readonly [Kind, ...Kind[]])[] =
  BROWSER === "firefox" ? [["light"], ["dark"], ["forced"]] : [["light", "dark", "forced", "print"]];

/** What is looked at, and when it has come to rest. */
const PAGES: Readonly<
  Record<string, { readonly path: string; readonly rest: (page: Page) => Promise<unknown> }>
> = {
  page: { path: "", rest: settled },
  natural: {
    path: "",
    rest: async (page) => {
      await settled(page);
      await choose(page, "look", "natural");
      await page.locator('#result[data-look="natural"]').waitFor();
    },
  },
  opened: {
    path: `#${toInline(readFileSync(new URL("../golden/portraits-64-q100.zn", import.meta.url)))}`,
    rest: (page) => page.locator('#result[data-state="opened"]').waitFor(),
  },
  failed: {
    path: "",
    rest: async (page) => {
      await settled(page);
      await page.setInputFiles("#file", { name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("no") });
      await page.locator("#status.bad").waitFor();
    },
  },
  camera: {
    path: "",
    rest: async (page) => {
      await settled(page);
      await page.click("#camera");
      await page.getByText(/hold a code/).waitFor();
    },
  },
  wall: { path: WALL, rest: (page) => page.getByText(/pictures decoded in/).waitFor() },
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !PAGES[name]);
if (unknown !== undefined || missing()) {
  console.error(missing() || `expected names of ${Object.keys(PAGES).join(", ")}, got ${unknown}`);
  process.exit(2);
}
const names = asked.length > 0 ? asked : Object.keys(PAGES);
mkdirSync(OUT, { recursive: true });
const portraits = JSON.parse(readFileSync(join(modelFolder("portraits"), "manifest.json"), "utf8"));
const isMade = names.includes("natural") && portraits.looks === undefined;
const models = isMade ? await withLook("portraits", ["products", "photos"]) : undefined;
const site = await Site.open(models);
try {
  if (names.includes("wall"))
    await makeWall({ folder: PICTURES, count: 36, side: 64, psnr: 28, out: site.folder });
  for (const name of names) for (const kinds of PAGES_MEDIA) await shoot(site, name, kinds);
} finally {
  await site.close();
  if (models !== undefined) rmSync(models, { recursive: true });
}
console.log(OUT);

async function shoot(site: Site, name: string, kinds: (typeof PAGES_MEDIA)[number]): Promise<void> {
  const { path, rest } = PAGES[name]!;
  const { colorScheme, forcedColors } = MEDIA[kinds[0]];
  const { page, errors } = await site.page(path, { permissions: ["camera"], colorScheme, forcedColors });
  await rest(page);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: width > 500 ? 900 : 844 });
    for (const kind of kinds) {
      await page.emulateMedia(MEDIA[kind]);
      await page.screenshot({ path: join(OUT, `${name}-${width}-${kind}.png`), fullPage: true });
    }
    const pixels = await sticksOut(page);
    if (pixels > 0) console.error(`${name}: ${pixels} pixels stick out of a window of ${width}`);
  }
  for (const error of errors) console.error(`${name}: ${error}`);
  await page.context().close();
}
