import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** What Chromium is here: ZIPPYNET_CHROMIUM, or where systems put it. */
export const CHROMIUM = [process.env["ZIPPYNET_CHROMIUM"] ?? "", ...CANDIDATES].find((path) =>
  existsSync(path),
);

/** For `skip` of tests that need a browser. */
export const NO_BROWSER: string | false = CHROMIUM
  ? false
  : `no Chromium found at ZIPPYNET_CHROMIUM, ${CANDIDATES.join(", ")}: install one (apt-get install chromium)`;

/** For suites that need a browser. What hangs is ended at last; a busy machine is given time. */
export const IN_CHROMIUM = { skip: NO_BROWSER, timeout: 1_200_000 } as const;

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM!,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--use-fake-device-for-media-stream"],
  });
}
