import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import type { BrowserContextOptions } from "playwright-core";
import { withLook } from "../codec/made-look.ts";
import { FINGER, small, violations } from "./audit.ts";
import { IN_BROWSER } from "./browser.ts";
import { Site, watched } from "./site.ts";
import { choose, settled } from "./states.ts";

suite("the page for everybody", IN_BROWSER, () => {
  let models: string;
  let site: Site;
  before(async () => {
    models = await withLook("portraits", ["products"]);
    site = await Site.open(models);
  });
  after(async () => {
    await site?.close();
    await rm(models, { recursive: true });
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`${colorScheme}: axe finds nothing in any state, and all that is hit has ${FINGER} pixels`, async () => {
      const { page, errors, letOn } = await held(site, {
        colorScheme,
        viewport: { width: 390, height: 844 },
        permissions: ["camera"],
        reducedMotion: "reduce",
      });
      const check = async (state: string): Promise<void> => {
        assert.deepEqual(await violations(page), [], state);
        assert.deepEqual(await small(page), [], state);
      };
      await page.getByText(/^Loading the model/).waitFor();
      await check("first");
      letOn();
      await settled(page);
      await page.click("summary");
      await page.waitForFunction(() => document.querySelectorAll("#curve circle.own").length === 9);
      await check("result");
      await choose(page, "look", "natural");
      await page.locator('#result[data-look="natural"][aria-busy="false"]').waitFor();
      await check("natural");
      await page.evaluate(() => {
        document.getElementById("result")!.dataset["state"] = "busy";
      });
      await check("busy");
      await page.setInputFiles("#file", { name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("no") });
      await page.getByText(/expected a picture that this browser reads/).waitFor();
      await check("error");
      await page.click("#camera");
      await page.getByText(/hold a code of ZippyNet/).waitFor();
      await check("dialog");
      await page.click("#camera-close");
      assert.deepEqual(errors, []);
      await page.context().close();
    });
  }

  test("in forced colours the frames of choices are as plain as text", async () => {
    const { page } = await site.page("", { forcedColors: "active" });
    const [frame, text] = await page.evaluate(() => {
      const style = (name: string) => getComputedStyle(document.querySelector(name)!);
      return [style(".choice").borderTopColor, style("body").color];
    });
    assert.equal(frame, text);
    await page.context().close();
  });

  test("what is read aloud: once what is loaded, once what came of it, nothing while the slider moves", async () => {
    const { page, errors, letOn } = await held(site, { reducedMotion: "reduce" });
    await page.evaluate(() => {
      const said: string[] = [];
      Object.assign(globalThis, { said });
      new MutationObserver((all) => {
        for (const { target } of all) {
          const region = (target instanceof Element ? target : target.parentElement)?.closest(
            "[role=status]",
          );
          const text = region?.textContent ?? "";
          if (text !== "" && said.at(-1) !== text) said.push(text);
        }
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    const said = (): Promise<string[]> =>
      page.evaluate(() => (globalThis as { said?: string[] }).said!.splice(0));
    letOn();
    await settled(page);
    assert.ok((await said()).length <= 3);
    for (const place of ["20", "30", "40"]) {
      const text = await page.inputValue("#inline");
      await page.evaluate((value) => {
        const amount = document.querySelector<HTMLInputElement>("#amount")!;
        amount.value = value;
        amount.dispatchEvent(new Event("input", { bubbles: true }));
      }, place);
      await page.waitForFunction((old) => document.querySelector("textarea")!.value !== old, text);
    }
    assert.deepEqual(await said(), []);
    await page.dispatchEvent("#amount", "change");
    await page.locator('#result[data-state="done"]').waitFor();
    assert.equal((await said()).length, 1);
    const moving = await page.evaluate(() =>
      [...document.querySelectorAll("*")].filter(
        (element) => getComputedStyle(element).transitionDuration !== "0s",
      ),
    );
    assert.deepEqual(moving, []);
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});

/** A page whose weights do not come until they are let on. */
async function held(site: Site, options: BrowserContextOptions) {
  const found = await watched(site.browser, "about:blank", options);
  let letOn = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    letOn = resolve;
  });
  await found.page.context().route(/safetensors/, async (route) => {
    await gate;
    await route.continue();
  });
  await found.page.goto(`${site.server.url}/`);
  return { ...found, letOn };
}
