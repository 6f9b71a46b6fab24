import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { requestedKey } from "../service/aws/keys.ts";
import { cut, log, type Metrics, metricFields } from "../service/aws/log.ts";
import {
  type Answer,
  type Cors,
  corsOf,
  FOR_ALL_PAGES,
  Problem,
  respond,
  respondOnce,
  respondPreflight,
  respondProblem,
} from "../service/decode/answer.ts";
import { type PictureContext, pictureContext } from "../service/decode/context.ts";
import { getInfo, getPicture } from "../service/decode/picture.ts";
import { readPictureRequest } from "../service/decode/picture-request.ts";
import { admit } from "../service/decode/signed-url.ts";

const OPENAPI = ["GET /openapi.json", "HEAD /openapi.json"];

// loaded while the function starts; if this fails, the first request tries again and reports the error
await pictureContext().catch(() => undefined);

/**
 * Payload format 2.0 of HTTP APIs:
 * - `GET|HEAD|OPTIONS /images/{key+}`: the picture of an upload; with `?info` a description of it, with `?inline` its
 *   file as text.
 * - `POST /inline`: many files as text.
 * - `GET|HEAD /openapi.json`: a description of this API.
 */
export async function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const began = performance.now();
  const { method } = event.requestContext.http;
  const head = method === "HEAD";
  let uncached = false; // whether errors must not be cached; until the settings are loaded, no error reveals anything
  let cors = FOR_ALL_PAGES;
  try {
    const context = await pictureContext();
    cors = corsOf(context.settings.corsOrigins, event.headers["origin"]);
    if (method === "OPTIONS") return respondPreflight(cors);
    if (method === "POST" && event.rawPath.endsWith("/inline")) {
      uncached = true; // the answer depends on the body, so nobody else may get it from a cache
      return await answerMany(context, event, cors, began);
    }
    if (method !== "GET" && !head) throw new Problem(405, `expected GET, HEAD or OPTIONS, got ${method}`);
    uncached = context.settings.signingSecrets.length > 0;
    const { answer, cacheControl } = await answerTo(context, event);
    logRequest(event, answer.body ? 200 : 304, {
      BytesIn: answer.bytesIn,
      BytesOut: answer.body?.bytes.length ?? 0,
      Milliseconds: performance.now() - began,
      NotModified: answer.body ? 0 : 1,
      Failed: 0,
    });
    return respond(answer, { cacheControl, head, cors });
  } catch (error) {
    const problem =
      error instanceof Problem
        ? error
        : new Problem(500, "the service failed; try again later", { cause: error });
    const failed = problem.status >= 500;
    logRequest(
      event,
      problem.status,
      { Milliseconds: performance.now() - began, Failed: failed ? 1 : 0 },
      problem,
    );
    return respondProblem(problem, { head, uncached, cors });
  }
}

async function answerTo(
  context: PictureContext,
  event: APIGatewayProxyEventV2,
): Promise<{ answer: Answer; cacheControl: string }> {
  const ifNoneMatch = event.headers["if-none-match"];
  if (OPENAPI.includes(event.routeKey)) {
    const { getOpenApi } = await import("../service/decode/openapi.ts"); // loaded only when it is asked for
    return { answer: getOpenApi(context.settings, ifNoneMatch), cacheControl: "public, max-age=3600" };
  }
  const parameter = event.pathParameters?.["key"];
  if (!parameter) throw new Problem(404, "expected a path of /images/{key}");
  const key = requestedKey(event.rawPath, parameter);
  const query = new URLSearchParams(event.rawQueryString);
  // checked before the answer reveals anything about the key
  const cacheControl = admit(context.settings, `/images/${key}`, query);
  if (query.has("inline")) {
    const { getInline } = await import("../service/decode/inline.ts"); // most ask for a picture
    return { answer: await getInline(context, key, ifNoneMatch), cacheControl };
  }
  if (query.has("info")) return { answer: await getInfo(context, key, ifNoneMatch), cacheControl };
  const request = readPictureRequest(query, event.headers["accept"], context.settings);
  return { answer: await getPicture(context, key, request, ifNoneMatch), cacheControl };
}

async function answerMany(
  context: PictureContext,
  event: APIGatewayProxyEventV2,
  cors: Cors,
  began: number,
): Promise<APIGatewayProxyStructuredResultV2> {
  if (context.settings.signingSecrets.length > 0) {
    throw new Problem(
      403,
      "this service is private: expected a signed URL for each picture, got a list of keys",
    );
  }
  const { getManyInline, MAX_BODY } = await import("../service/decode/inline.ts");
  const sent = event.body ?? "";
  // base64 is a third longer; a body that is too long even so is refused without decoding it
  const body =
    event.isBase64Encoded && sent.length <= 2 * MAX_BODY ? Buffer.from(sent, "base64").toString() : sent;
  const list = await getManyInline(context, body);
  const bytes = Buffer.from(JSON.stringify(list));
  // the answer is a 200 all the same, so nothing else tells the operator of damaged latents
  const damaged = list.pictures.flatMap((each) =>
    "problem" in each && each.problem.status === 500 ? [each.problem.detail] : [],
  );
  const problem =
    damaged.length > 0 ? new Problem(500, `${damaged.length} of the list: ${damaged[0]}`) : undefined;
  const metrics = {
    BytesOut: bytes.length,
    Milliseconds: performance.now() - began,
    Failed: problem ? 1 : 0,
  };
  logRequest(event, problem?.status ?? 200, metrics, problem);
  return respondOnce({ type: "application/json", bytes }, cors);
}

/** Bytes of a refusal in the log. The key, which it may repeat, is in the path. */
const REFUSAL = 300;

/** Writes a log line with the metrics. For a mistake of the client it has the message only. */
function logRequest(
  event: APIGatewayProxyEventV2,
  status: number,
  metrics: Metrics,
  problem?: Problem,
): void {
  const fields = {
    requestId: event.requestContext.requestId,
    path: event.rawPath,
    status,
    ...metricFields("decode", metrics),
  };
  if (!problem) log("info", "picture served", fields);
  else if (status >= 500) log("error", "request failed", { ...fields, error: problem });
  else log("info", "request refused", { ...fields, detail: cut(problem.message, REFUSAL) });
}
