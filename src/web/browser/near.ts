/** Whom to tell of each element whether it is near. */
const watched = new Map<Element, (isNear: boolean) => void>();

/** One observer for all elements. They are near within half a screen of the viewport. */
let observer: IntersectionObserver | undefined;

/**
 * Tells whether an element is near the viewport, now and each time that changes, until it is forgotten. When the page
 * is about to be printed, all are near, and are forgotten.
 */
export function watchNear(element: Element, tell: (isNear: boolean) => void): void {
  observer ??= watch();
  watched.set(element, tell);
  observer.observe(element);
}

/** Tells no more of an element. */
export function forget(element: Element): void {
  if (watched.delete(element)) observer?.unobserve(element);
}

function watch(): IntersectionObserver {
  addEventListener("beforeprint", () => {
    watched.forEach((tell, element) => {
      forget(element);
      tell(true);
    });
  });
  return new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) watched.get(target)?.(isIntersecting);
    },
    { rootMargin: "50%" },
  );
}
