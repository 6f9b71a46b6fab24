import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type { Answer } from "./picture.ts";

/** A request that cannot be answered with a picture; becomes a problem document of RFC 9457. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly title: string;

  /** `detail` is for the person who made the request: what was expected and what came. */
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

/** For every answer: pages may read its tag, and its type is as stated. */
const COMMON = {
  "access-control-expose-headers": "ETag",
  "x-content-type-options": "nosniff",
};

/** Says which pages may use an answer, and what it depends on. */
export type Cors = Readonly<Record<string, string>>;

export const FOR_ALL_PAGES: Cors = { vary: "Accept", "access-control-allow-origin": "*" };

/**
 * @param origins whose pages may use the answers; none for anybody's @param origin of the page that asks, if one does
 */
export function corsOf(origins: readonly string[], origin: string | undefined): Cors {
  if (origins.length === 0) return FOR_ALL_PAGES;
  const vary = "Accept, Origin"; // whoever keeps the answer to one page must not give it to another
  if (origin === undefined || !origins.includes(origin)) return { vary };
  return { vary, "access-control-allow-origin": origin };
}

const READING = "GET, HEAD, OPTIONS";
/** Of all paths together. */
const METHODS = "GET, HEAD, POST, OPTIONS";

export interface AnswerOptions {
  /** For how long, and by whom, it may be kept. */
  readonly cacheControl: string;
  /** The headers alone. */
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

/** A 200 that nobody may keep. */
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

/** A preflight: a page may send `If-None-Match`, and keys as JSON, and need not ask again for a day. */
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
 * A problem document (RFC 9457). It may be kept for seconds only, as an upload or a remedy may be on its way; the one
 * that a picture was rendered for, a minute.
 * @param secret whether it is for whom it is sent to alone
 */
export function respondProblem(
  { status, title, message }: Problem,
  { head, secret, cors }: { readonly head: boolean; readonly secret: boolean; readonly cors: Cors },
): APIGatewayProxyStructuredResultV2 {
  const body = JSON.stringify({ type: "about:blank", title, status, detail: message });
  return {
    statusCode: status,
    headers: {
      ...COMMON,
      ...cors,
      "content-type": "application/problem+json",
      "content-length": String(Buffer.byteLength(body)),
      "cache-control": secret || status >= 500 ? "no-store" : `public, max-age=${status === 422 ? 60 : 2}`,
      ...(status === 405 ? { allow: READING } : {}),
    },
    body: head ? "" : body,
    isBase64Encoded: false,
  };
}
