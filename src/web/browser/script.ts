/** The build for script tags: the global `ZippyNet` with all of `zippynet/browser`, and `<zippy-img>`. */
import { defineZippyImage } from "./element.ts";

export { ZippyImage } from "./element.ts";
export * from "./index.ts";

defineZippyImage();
