import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CANDIDATES = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];

/** What Firefox is here: ZIPPYNET_FIREFOX, or where systems put it. */
const FIREFOX = [process.env["ZIPPYNET_FIREFOX"] ?? "", ...CANDIDATES].find((path) => existsSync(path));

/** For `skip` of tests that need it. */
export const NO_FIREFOX: string | false = FIREFOX
  ? false
  : `no Firefox found at ZIPPYNET_FIREFOX, ${CANDIDATES.join(", ")}: install one (apt-get install firefox-esr)`;

const PREFERENCES = {
  "app.update.auto": false,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.reportingpolicy.firstRun": false,
};

/**
 * Firefox with a page open, in a profile of its own, without a window. It is not driven: the page itself reports what
 * it found.
 */
export class Firefox {
  readonly #child: ChildProcess;
  readonly #home: string;

  constructor(url: string) {
    this.#home = mkdtempSync(join(tmpdir(), "zippynet-firefox-"));
    const lines = Object.entries(PREFERENCES).map(
      ([name, value]) => `user_pref("${name}", ${String(value)});`,
    );
    writeFileSync(join(this.#home, "user.js"), lines.join("\n"));
    this.#child = spawn(FIREFOX!, ["--headless", "--no-remote", "--profile", this.#home, url], {
      env: { ...process.env, HOME: this.#home },
      stdio: "ignore",
    });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill("SIGTERM");
      await once(this.#child, "exit");
    }
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }
}
