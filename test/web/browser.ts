/**
 * The browsers that tests drive. `ZIPPYNET_BROWSER=firefox npm test -- web/` runs the suites in Firefox; without the
 * variable they run in Chromium, and a selection runs in Firefox as well, where there is one.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, firefox } from "playwright-core";

const NAMES = ["chromium", "firefox"] as const;
export type BrowserName = (typeof NAMES)[number];

/** Where systems put them. ZIPPYNET_CHROMIUM and ZIPPYNET_FIREFOX name others. */
const PLACES: Readonly<Record<BrowserName, readonly string[]>> = {
  chromium: ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
  firefox: ["/usr/bin/firefox-esr", "/usr/bin/firefox"],
};
const variable = (name: BrowserName): string => `ZIPPYNET_${name.toUpperCase()}`;
const place = (name: BrowserName): string | undefined =>
  [process.env[variable(name)] ?? "", ...PLACES[name]].find((path) => existsSync(path));

const asked = process.env["ZIPPYNET_BROWSER"] ?? "";
if (asked !== "" && !NAMES.some((name) => name === asked))
  throw new Error(`expected ZIPPYNET_BROWSER as one of ${NAMES.join(", ")}, got ${asked}`);

/** Those that may be driven: the one that is asked for, or all. */
export const BROWSERS = NAMES.filter((name) => asked === "" || name === asked);
/** The one that suites run in. */
export const BROWSER: BrowserName = BROWSERS[0]!;

/** For `skip` of tests that need a browser. */
export function missing(name: BrowserName = BROWSER): string | false {
  if (!BROWSERS.includes(name)) return `ZIPPYNET_BROWSER asks for ${BROWSER}`;
  if (place(name) !== undefined) return false;
  const places = [variable(name), ...PLACES[name]].join(", ");
  return `no ${name} found at ${places}: install one (apt-get install ${name === "firefox" ? "firefox-esr" : name})`;
}

/** For suites that need a browser. What hangs is ended at last; a busy machine is given time. */
export const IN_BROWSER = { skip: missing(), timeout: 1_200_000 } as const;

/** For `skip` of tests that Firefox, or its driver, cannot run: why. */
export function notInFirefox(why: string): string | false {
  return BROWSER === "firefox" && `not in Firefox: ${why}`;
}

/** What the driver cannot change in a Firefox that runs: preferences of the whole browser set it. */
const AT_START = ["colorScheme", "forcedColors", "reducedMotion", "javaScriptEnabled"] as const;
type AtStart = Pick<BrowserContextOptions, (typeof AT_START)[number]> & {
  /** As in Tor Browser: what is read from a canvas is noise. */
  readonly resistsFingerprinting?: boolean;
};

/** Whether a page with these options needs a Firefox of its own. */
export function needsOwn(browser: Browser, options: AtStart): boolean {
  return browser.browserType().name() === "firefox" && AT_START.some((name) => options[name] !== undefined);
}

/** Among them cameras that show a test picture, and a clipboard that asks nobody, as in Chromium. */
const preferences = ({ javaScriptEnabled = true, ...more }: AtStart) => ({
  "dom.events.testing.asyncClipboard": true,
  "media.navigator.permission.disabled": true,
  "media.navigator.streams.fake": true,
  "layout.css.prefers-color-scheme.content-override": more.colorScheme === "dark" ? 0 : 1,
  "ui.prefersReducedMotion": more.reducedMotion === "reduce" ? 1 : 0,
  "browser.display.document_color_use": more.forcedColors === "active" ? 2 : 0,
  "javascript.enabled": javaScriptEnabled,
  "privacy.resistFingerprinting": more.resistsFingerprinting ?? false,
  "security.fileuri.strict_origin_policy": true, // as readers have it; Playwright lets files read files
});

/** @param options for Firefox; Chromium takes them with each context */
export async function launch(name: BrowserName = BROWSER, options: AtStart = {}): Promise<Browser> {
  const executablePath = place(name)!;
  if (name === "chromium") {
    const args = ["--no-sandbox", "--disable-dev-shm-usage", "--use-fake-device-for-media-stream"];
    return chromium.launch({ executablePath, args });
  }
  const home = mkdtempSync(join(tmpdir(), "zippynet-firefox-"));
  // Firefox as its makers ship it, by WebDriver BiDi. Playwright 1.65 sends a command that Firefox 153 does not know
  const browser = await firefox.launch({
    executablePath,
    channel: "moz-firefox",
    env: { ...process.env, HOME: home },
    firefoxUserPrefs: preferences(options),
  });
  browser.on("disconnected", () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  return browser;
}
