import { type ErrorCode, ZippyNetError } from "../../../codec/errors.ts";
import type { Answer, Request } from "../protocol.ts";

/** The worker's side of the protocol; TypeScript knows either pages or workers, and here it knows pages. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Answer, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;

export function answer(message: Answer, ...transfer: Transferable[]): void {
  scope.postMessage(message, transfer);
}

export function fail(id: number, error: unknown): void {
  const code: ErrorCode = error instanceof ZippyNetError ? error.code : "unavailable";
  answer({ type: "failed", id, code, message: error instanceof Error ? error.message : String(error) });
}

export function onRequest(handle: (request: Request) => void): void {
  scope.onmessage = ({ data }) => handle(data);
}
