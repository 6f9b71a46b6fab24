import { type ErrorCode, messageOf, ZippyNetError } from "../../../codec/errors.ts";
import type { Answer, Request, Serve } from "../protocol.ts";

/** The part of a worker's scope that is used. TypeScript's types here are those of pages, not of workers. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Answer, transfer: Transferable[]): void;
}

/** Makes this worker answer the messages of the page. */
export function serveFromWorker(serve: Serve): void {
  const scope = globalThis as unknown as WorkerScope;
  const handle = serve((message, ...transfer) => scope.postMessage(message, transfer));
  scope.onmessage = ({ data }) => handle(data);
}

/** The answer for a request that failed. It has the parts of the error, as its class would be lost between threads. */
export function failure(id: number, error: unknown): Answer {
  const code: ErrorCode = error instanceof ZippyNetError ? error.code : "unavailable";
  return { type: "failed", id, code, message: messageOf(error) };
}
