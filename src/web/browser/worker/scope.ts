import { type ErrorCode, ZippyNetError } from "../../../codec/errors.ts";
import type { Answer, Request, Serve } from "../protocol.ts";

/** The worker's side of the protocol; TypeScript knows either pages or workers, and here it knows pages. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Answer, transfer: Transferable[]): void;
}

/** Has this worker serve the page. */
export function serveFromWorker(serve: Serve): void {
  const scope = globalThis as unknown as WorkerScope;
  const handle = serve((message, ...transfer) => scope.postMessage(message, transfer));
  scope.onmessage = ({ data }) => handle(data);
}

/** That a request failed: the class of an error is lost on its way out of a worker, so what it is made of is sent. */
export function failure(id: number, error: unknown): Answer {
  const code: ErrorCode = error instanceof ZippyNetError ? error.code : "unavailable";
  return { type: "failed", id, code, message: error instanceof Error ? error.message : String(error) };
}
