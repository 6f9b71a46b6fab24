/** The worker that encodes. */
import { serveEncoder } from "./encoding.ts";
import { serveFromWorker } from "./scope.ts";

serveFromWorker(serveEncoder);
