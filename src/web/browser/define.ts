/** `zippynet/element`: importing it makes `<zippy-img>` known. */
import { defineZippyImage } from "./element.ts";

export { configure } from "./client.ts";
export { ZippyImage } from "./element.ts";

defineZippyImage();
