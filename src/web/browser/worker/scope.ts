import type { Serve } from "../place.ts";
import type { Answer, Request } from "../protocol.ts";

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
