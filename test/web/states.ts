import type { Page } from "playwright-core";

/** Waits for the first picture that the page itself has made. */
export async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => !document.getElementById("own")!.hidden);
}

/** Waits until all that the page does of itself is done, the weights of all models included. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      document.getElementById("result")!.ariaBusy === "false" &&
      document.getElementById("weights")!.textContent.startsWith("All weights here"),
  );
}

/** Waits for another file than the one before, at rest; gives its text. */
export async function changed(page: Page, before: string): Promise<string> {
  await page.waitForFunction((text) => {
    const { value } = document.querySelector("textarea")!;
    const { state } = document.getElementById("result")!.dataset;
    return value !== text && value !== "" && (state === "done" || state === "opened");
  }, before);
  return page.inputValue("#inline");
}

/** Chooses a radio button, by what a reader clicks on. */
export async function choose(page: Page, name: string, value: string): Promise<void> {
  await page.locator(`label:has(input[name="${name}"][value="${value}"]) span`).click();
}
