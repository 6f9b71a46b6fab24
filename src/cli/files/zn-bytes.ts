import { ZippyNetError } from "../../codec/errors.ts";
import { readZn, type ZnFile } from "../../codec/format/zn-file.ts";
import { sniff } from "../../image/sniff.ts";

/** The `.zn` file that bytes are. Throws `bad-file`; of a picture, it tells that it is one. */
export function readZnBytes(bytes: Uint8Array): ZnFile {
  try {
    return readZn(bytes);
  } catch (error) {
    const mediaType = sniff(bytes);
    if (!mediaType?.startsWith("image/")) throw error;
    const what = mediaType.slice("image/".length).toUpperCase();
    throw new ZippyNetError(
      "bad-file",
      `expected a .zn file, got an image (${what}): did you mean zippynet encode?`,
    );
  }
}
