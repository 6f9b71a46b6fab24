/** The worker that decodes. */
import { serveDecoder } from "./decoding.ts";
import { serveFromWorker } from "./scope.ts";

serveFromWorker(serveDecoder);
