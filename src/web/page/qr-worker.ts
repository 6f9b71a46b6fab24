/** The worker that looks for QR codes: that takes tenths of a second, in which the page does something else. */
import { ZippyNetError } from "../../codec/errors.ts";
import { codeIn, type Patience } from "../../qr/read-code.ts";

export interface Question {
  readonly id: number;
  readonly pixels: ImageData;
  readonly patience: Patience;
}

export interface Reply {
  readonly id: number;
  /** None if there is no code. */
  readonly bytes: Uint8Array | undefined;
}

/** What is used of a worker's scope; TypeScript knows either pages or workers, and here it knows pages. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Question>) => void) | null;
  postMessage(reply: Reply): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data: { id, pixels, patience } }) =>
  scope.postMessage({ id, bytes: found(pixels, patience) });

function found(pixels: ImageData, patience: Patience): Uint8Array | undefined {
  try {
    return codeIn(pixels, patience);
  } catch (error) {
    if (error instanceof ZippyNetError) return undefined;
    throw error;
  }
}
