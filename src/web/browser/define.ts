/** `zippynet/element`: importing it registers `<zippy-img>`. */
import { defineZippyImage, type ZippyImage } from "./element.ts";

export { configure } from "./client.ts";
export { ZippyImage } from "./element.ts";

defineZippyImage();

declare global {
  /** What `createElement` and `querySelector` give for the name. */
  interface HTMLElementTagNameMap {
    "zippy-img": ZippyImage;
  }
}
