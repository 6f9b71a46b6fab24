/** `zippynet/element`: importing it registers `<zippy-img>`. */
import { defineZippyImage } from "./element.ts";

export { configure } from "./client.ts";
export { ZippyImage } from "./element.ts";

defineZippyImage();
