import axe from "axe-core";
import type { Page } from "playwright-core";

type WithAxe = typeof globalThis & { axe: typeof axe };

/** Pixels a side of what a finger hits: WCAG 2.2, 2.5.5. */
export const FINGER = 44;

/** What axe finds, in words. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const found = await (globalThis as WithAxe).axe.run(document, { resultTypes: ["violations"] });
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
    );
  });
}

/** What can be hit and is smaller than a finger; links within a sentence may be. */
export async function small(page: Page): Promise<string[]> {
  return page.evaluate((least) => {
    const open = document.querySelector("dialog[open]");
    const all = (open ?? document).querySelectorAll<HTMLElement>(
      "button, select, summary, nav a, textarea, input[type=text], input[type=range], label.button, .choice label",
    );
    return [...all]
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.width < least || box.height < least))
      .map(({ element, box }) => `${element.outerHTML.slice(0, 80)}: ${box.width}×${box.height}`);
  }, FINGER);
}
