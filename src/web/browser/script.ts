/** The script-tag build: `ZippyNet.decode(…)` and all the rest, and `<zippy-img>`. */
import { defineZippyImage } from "./element.ts";

export { ZippyImage } from "./element.ts";
export * from "./index.ts";

defineZippyImage();
