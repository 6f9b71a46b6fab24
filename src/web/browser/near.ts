/** What to call for each element when it comes near the viewport or is printed. */
const waiting = new Map<Element, () => void>();

/** One observer for all elements. They start when they are within half a screen of the viewport. */
let observer: IntersectionObserver | undefined;

/** Calls `start` once, when an element is near the viewport, or when the page is about to be printed. */
export function whenNear(element: Element, start: () => void): void {
  observer ??= watch();
  waiting.set(element, start);
  observer.observe(element);
}

/** Ends the wait of an element. */
export function forget(element: Element): void {
  if (waiting.delete(element)) observer?.unobserve(element);
}

function watch(): IntersectionObserver {
  addEventListener("beforeprint", () => [...waiting.keys()].forEach(begin));
  return new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) begin(target);
    },
    { rootMargin: "50%" },
  );
}

function begin(element: Element): void {
  const start = waiting.get(element);
  forget(element);
  start?.();
}
