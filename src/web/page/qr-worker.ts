/** The worker that searches for QR codes. It takes tenths of a second, for which the page must not stop. */
import { ZippyNetError } from "../../codec/errors.ts";
import { codeIn, type Patience } from "../../qr/read-code.ts";

export interface Question {
  readonly id: number;
  readonly pixels: ImageData;
  readonly patience: Patience;
}

export interface Reply {
  readonly id: number;
  /** Undefined if there is no code. */
  readonly bytes: Uint8Array | undefined;
}

/** The part of a worker's scope that is used. TypeScript's types here are those of pages, not of workers. */
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
