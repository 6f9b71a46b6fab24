import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Lets pages of any origin use the bucket, as a bucket's CORS rule of `*` does: this server listens on one machine only. True if
 * that answers the request, which then was a preflight.
 */
export function allowPages({ method, headers }: IncomingMessage, response: ServerResponse): boolean {
  if (headers.origin === undefined) return false;
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("access-control-expose-headers", "etag");
  const preflight = method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
  if (!preflight) return false;
  response.writeHead(204, {
    "access-control-allow-methods": "GET, HEAD, PUT, POST, DELETE",
    "access-control-allow-headers": headers["access-control-request-headers"] ?? "",
    "access-control-max-age": "600",
  });
  response.end();
  return true;
}
