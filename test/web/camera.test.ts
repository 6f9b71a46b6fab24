import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import type { Page } from "playwright-core";
import { toInline } from "../../src/index.ts";
import { modulesOf, svgOf } from "../../src/qr/code.ts";
import { writePayload } from "../../src/qr/payload.ts";
import { IN_BROWSER } from "./browser.ts";
import { Site } from "./site.ts";
import { ready } from "./states.ts";

/** What the page was given, in this order. */
type WithCameras = typeof globalThis & { cameras: MediaStream[] };

suite("the camera is off when its dialog is done with", IN_BROWSER, () => {
  let site: Site;
  before(async () => {
    site = await Site.open();
  });
  after(() => site?.close());

  test("cancelled before the first picture comes", async () => {
    const { page, errors } = await pageWithCamera(site);
    await page.click("#camera");
    await starting(page);
    await page.click("#camera-close");
    await until(page, ["ended"]);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("cancelled before it is allowed; one asked for after it is left alone", async () => {
    const { page, errors } = await pageWithCamera(site);
    await page.evaluate(() => {
      const { mediaDevices } = navigator;
      const ask = mediaDevices.getUserMedia;
      mediaDevices.getUserMedia = async () => {
        mediaDevices.getUserMedia = ask;
        await new Promise((resolve) => addEventListener("allowed", resolve));
        return ask();
      };
    });
    await page.click("#camera");
    await page.click("#camera-close");
    await page.click("#camera");
    await starting(page);
    await page.evaluate(() => dispatchEvent(new Event("allowed")));
    await until(page, ["live", "ended"]);
    assert.equal(await page.innerText("#camera-note"), "Waiting for the camera …");
    await page.click("#camera-close");
    await until(page, ["ended", "ended"]);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("a code before the camera is opened as it is; then the camera is off", async () => {
    const { page, errors } = await pageWithCamera(site);
    await ready(page);
    const file = toInline(readFileSync(new URL("../golden/photograph-1-42-q50.zn", import.meta.url)));
    const svg = svgOf(
      modulesOf(writePayload(Buffer.from(file, "base64url"), "room 12", undefined), "medium"),
    );
    await page.evaluate((drawing) => {
      navigator.mediaDevices.getUserMedia = async () => {
        const canvas = document.createElement("canvas");
        canvas.width = 640;
        canvas.height = 480;
        const context = canvas.getContext("2d")!;
        const image = new Image();
        image.src = `data:image/svg+xml,${encodeURIComponent(drawing)}`;
        await image.decode();
        const stream = canvas.captureStream(30);
        const draw = (): void => {
          context.fillStyle = "#ccc";
          context.fillRect(0, 0, 640, 480);
          context.drawImage(image, 120, 40, 400, 400);
          if (stream.active) requestAnimationFrame(draw);
        };
        draw();
        (globalThis as WithCameras).cameras.push(stream);
        return stream;
      };
    }, svg);
    await page.click("#camera");
    await page.waitForFunction((text) => document.querySelector("textarea")!.value === text, file);
    assert.equal(await page.inputValue("#qr-text"), "room 12");
    await until(page, ["ended"]);
    assert.equal(await page.locator("#viewfinder").isVisible(), false);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("what it sends cannot be shown: said in words", async () => {
    const { page, errors } = await pageWithCamera(site);
    await page.evaluate(() => {
      HTMLMediaElement.prototype.play = () => Promise.reject(new Error("no decoder"));
    });
    await page.click("#camera");
    await page.getByText("The camera cannot be used: no decoder").waitFor();
    await until(page, ["ended"]);
    await page.click("#camera-close");
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});

/** A page whose cameras are canvases that nothing is drawn on: they are on, and no picture ever comes. */
async function pageWithCamera(site: Site) {
  const watched = await site.page("");
  await watched.page.waitForSelector("#samples button");
  await watched.page.evaluate(() => {
    const { cameras } = Object.assign(globalThis, { cameras: [] }) as WithCameras;
    navigator.mediaDevices.getUserMedia = async () => {
      const stream = document.createElement("canvas").captureStream(0);
      cameras.push(stream);
      return stream;
    };
  });
  return watched;
}

async function starting(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector("video")!.srcObject);
}

/** Waits for the cameras' tracks to be in these states. */
async function until(page: Page, states: readonly MediaStreamTrackState[]): Promise<void> {
  await page.waitForFunction(
    (expected) =>
      (globalThis as WithCameras).cameras
        .map((stream) => stream.getTracks().map(({ readyState }) => readyState))
        .join() === expected,
    states.join(),
  );
}
