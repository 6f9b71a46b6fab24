import { subscribe } from "node:diagnostics_channel";
import type { Server } from "node:http";

/**
 * From now on no HTTP server of this process closes a connection because it is idle; its client does, or the end of the process. All
 * servers here share one thread with the functions. While it computes, seconds at a time under load, nothing is read, and afterwards
 * Node looks at its timers before its sockets: a connection's time is over although its next request has come, and the client
 * sees a reset. By the channel, as serverless-offline gives its servers to nobody.
 */
export function keepConnections(): void {
  subscribe("http.server.request.start", (message) => {
    (message as { readonly server: Server }).server.keepAliveTimeout = 0;
  });
}
