import type { IncomingMessage, ServerResponse } from "node:http";
import { S3Error } from "./errors.ts";

/** Origins of pages that this machine serves, on any port. */
const OWN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/**
 * Lets pages of this machine use the bucket. Returns true if the request was a preflight and is answered. Throws
 * `AccessDenied` for all other pages: otherwise any web site open in a browser on this machine could use the bucket.
 */
export function allowPages({ method, headers }: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = headers;
  if (origin === undefined) return false;
  if (!OWN.test(origin)) {
    throw new S3Error(403, "AccessDenied", `expected a page of this machine, got one of ${origin}`);
  }
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-expose-headers", "etag");
  response.setHeader("vary", "origin");
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
