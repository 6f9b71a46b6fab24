import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";

/** What is sent to the client. No body if the client has the picture already. */
export interface Answer {
  readonly tag: string;
  /** Bytes of the latents. */
  readonly bytesIn: number;
  readonly body: { readonly type: string; readonly bytes: Uint8Array } | undefined;
}

/** A request that cannot be answered with a picture. It becomes a problem document of RFC 9457. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly title: string;

  /** `detail` says, for the person who made the request, what was expected and what came. */
  constructor(status: keyof typeof TITLES, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.status = status;
    this.title = TITLES[status];
  }
}

const TITLES = {
  400: "Bad request",
  403: "Not allowed",
  404: "No such picture",
  405: "Method not allowed",
  406: "No acceptable format",
  422: "The picture is too large to send",
  500: "The picture could not be made",
} as const;

/** Headers of every answer: pages may read the ETag, and browsers must not guess the type. */
const COMMON = {
  "access-control-expose-headers": "ETag",
  "x-content-type-options": "nosniff",
};

/** Headers that say which pages may read an answer, and on what the answer depends. */
export type Cors = Readonly<Record<string, string>>;

export const FOR_ALL_PAGES: Cors = { vary: "Accept", "access-control-allow-origin": "*" };

/**
 * @param origins of the pages that may read the answers; empty: all pages
 * @param origin of the page that asks, if a page does
 */
export function corsOf(origins: readonly string[], origin: string | undefined): Cors {
  if (origins.length === 0) return FOR_ALL_PAGES;
  const vary = "Accept, Origin"; // a cache must not give the answer for one page to another page
  if (origin === undefined || !origins.includes(origin)) return { vary };
  return { vary, "access-control-allow-origin": origin };
}

const READING = "GET, HEAD, OPTIONS";
/** The methods of all paths. */
const METHODS = "GET, HEAD, POST, OPTIONS";

export interface AnswerOptions {
  /** `Cache-Control`: for how long, and by whom, the answer may be cached. */
  readonly cacheControl: string;
  /** Whether to send the headers without the body. */
  readonly head: boolean;
  readonly cors: Cors;
}

/** A 200, or a 304 if there is no body. */
export function respond(
  { tag, body }: Pick<Answer, "tag" | "body">,
  { cacheControl, head, cors }: AnswerOptions,
): APIGatewayProxyStructuredResultV2 {
  const headers = { ...COMMON, ...cors, etag: tag, "cache-control": cacheControl };
  if (!body) return { statusCode: 304, headers };
  return {
    statusCode: 200,
    headers: { ...headers, "content-type": body.type, "content-length": String(body.bytes.length) },
    body: head ? "" : Buffer.from(body.bytes).toString("base64"),
    isBase64Encoded: !head,
  };
}

/** A 200 that must not be cached. */
export function respondOnce(
  { type, bytes }: NonNullable<Answer["body"]>,
  cors: Cors,
): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: 200,
    headers: { ...COMMON, ...cors, "content-type": type, "cache-control": "no-store" },
    body: Buffer.from(bytes).toString(),
  };
}

/** The answer to a preflight: for a day, a page may send `If-None-Match`, and keys as JSON. */
export function respondPreflight(cors: Cors): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: 204,
    headers: {
      ...cors,
      allow: METHODS,
      "access-control-allow-methods": METHODS,
      "access-control-allow-headers": "If-None-Match, Content-Type",
      "access-control-max-age": "86400",
    },
  };
}

/**
 * A problem document (RFC 9457). It is cached for two seconds only, because an upload or a correction may be on its
 * way. A 422, for which a picture had to be rendered, is cached for a minute.
 * @param uncached whether nobody may cache it, since only the client that asked may see it
 */
export function respondProblem(
  { status, title, message }: Problem,
  { head, uncached, cors }: { readonly head: boolean; readonly uncached: boolean; readonly cors: Cors },
): APIGatewayProxyStructuredResultV2 {
  const body = JSON.stringify({ type: "about:blank", title, status, detail: message });
  return {
    statusCode: status,
    headers: {
      ...COMMON,
      ...cors,
      "content-type": "application/problem+json",
      "content-length": String(Buffer.byteLength(body)),
      "cache-control": uncached || status >= 500 ? "no-store" : `public, max-age=${status === 422 ? 60 : 2}`,
      ...(status === 405 ? { allow: READING } : {}),
    },
    body: head ? "" : body,
    isBase64Encoded: false,
  };
}
