import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { type ServiceContext, serviceContext } from "../service/context.ts";
import { chooseFormat } from "../service/formats.ts";
import { getInline, getInlineByPath, getManyInline } from "../service/inline.ts";
import { requestedKey } from "../service/keys.ts";
import { log } from "../service/log.ts";
import { type Answer, getInfo, getPicture } from "../service/picture.ts";
import { Problem } from "../service/problem.ts";

await serviceContext().catch(() => undefined); // while the function starts; a failure is met again, and told, by the first request

/**
 * `GET|HEAD /images/{key+}`, payload format 2.0: the picture of an upload, with `?info` what is known of it, with `?inline` or
 * `/inline` after the key as text. `POST /inline`: many as text.
 */
export async function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const { method } = event.requestContext.http;
  try {
    if (method === "POST" && event.rawPath.endsWith("/inline")) return await respondMany(event);
    if (method !== "GET" && method !== "HEAD") throw new Problem(405, `expected GET or HEAD, got ${method}`);
    const context = await serviceContext();
    const answer = await answerTo(context, event);
    return respond(answer, context.settings.maxAge, method === "HEAD");
  } catch (error) {
    const problem =
      error instanceof Problem
        ? error
        : new Problem(500, "the service failed; try again later", { cause: error });
    if (problem.status >= 500) {
      log("error", "request failed", {
        requestId: event.requestContext.requestId,
        path: event.rawPath,
        error: problem,
      });
    }
    return respondProblem(problem, method === "HEAD");
  }
}

async function answerTo(context: ServiceContext, event: APIGatewayProxyEventV2): Promise<Answer> {
  const parameter = event.pathParameters?.["key"];
  if (!parameter) throw new Problem(404, "expected a path of /images/{key}");
  const key = requestedKey(event.rawPath, parameter);
  const query = event.queryStringParameters ?? {};
  const ifNoneMatch = event.headers["if-none-match"];
  if (query["inline"] !== undefined) return getInline(context, key, ifNoneMatch);
  const inline = await getInlineByPath(context, key, ifNoneMatch);
  if (inline) return inline;
  if (query["info"] !== undefined) return getInfo(context, key, ifNoneMatch);
  return getPicture(context, key, chooseFormat(query["format"], event.headers["accept"]), ifNoneMatch);
}

/** For every answer: it depends on `Accept`, any page may use it, and its type is as stated. */
const COMMON = { vary: "Accept", "access-control-allow-origin": "*", "x-content-type-options": "nosniff" };

function respond({ tag, body }: Answer, maxAge: number, head: boolean): APIGatewayProxyStructuredResultV2 {
  const headers = { ...COMMON, etag: tag, "cache-control": `public, max-age=${maxAge}` };
  if (!body) return { statusCode: 304, headers };
  return {
    statusCode: 200,
    headers: { ...headers, "content-type": body.type, "content-length": String(body.bytes.length) },
    body: head ? "" : Buffer.from(body.bytes).toString("base64"),
    isBase64Encoded: !head,
  };
}

/** An answer to a body is nobody else's: it is not kept. */
async function respondMany(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const body = Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8").toString();
  const answer = await getManyInline(await serviceContext(), body);
  return {
    statusCode: 200,
    headers: { ...COMMON, "content-type": "application/json", "cache-control": "no-store" },
    body: JSON.stringify(answer),
  };
}

/** Errors may be kept for seconds only: an upload may be on its way. */
function respondProblem(
  { status, title, message }: Problem,
  head: boolean,
): APIGatewayProxyStructuredResultV2 {
  const body = JSON.stringify({ type: "about:blank", title, status, detail: message });
  return {
    statusCode: status,
    headers: {
      ...COMMON,
      "content-type": "application/problem+json",
      "cache-control": status >= 500 ? "no-store" : "public, max-age=2",
      ...(status === 405 ? { allow: "GET, HEAD" } : {}),
    },
    body: head ? "" : body,
    isBase64Encoded: false,
  };
}
