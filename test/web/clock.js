// Notes the longest time, in milliseconds, that the page could not do anything.
globalThis.longest = 0;
let last = performance.now();
setInterval(() => {
  globalThis.longest = Math.max(globalThis.longest, performance.now() - last);
  last = performance.now();
}, 10);
