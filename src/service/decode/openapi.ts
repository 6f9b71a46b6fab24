import { LOOKS } from "../../codec/network/architecture.ts";
import { FITS } from "../../image/fit.ts";
import type { ServiceSettings } from "../settings.ts";
import type { Answer } from "./answer.ts";
import { MAX_KEYS } from "./inline.ts";
import { jsonAnswer } from "./picture.ts";
import { SERVED } from "./picture-request.ts";

type Json = Readonly<Record<string, unknown>>;

type Described = Pick<
  ServiceSettings,
  "maxSide" | "maxEnlargement" | "maxResponseBytes" | "signingSecrets" | "look"
>;

/** The API in OpenAPI 3.1, with the limits of this deployment. Tests compare it with what the handler answers. */
export function openApi(settings: Described): Json {
  const picture = { parameters: [KEY], ...operationsOf(settings) };
  return {
    openapi: "3.1.1",
    info: {
      title: "ZippyNet",
      version: "1.0.0",
      summary: "Pictures by the key of their upload",
      license: { name: "MIT", identifier: "MIT" },
    },
    paths: {
      "/images/{key}": picture,
      "/inline": inlinePath(settings.signingSecrets.length > 0),
      "/openapi.json": {
        get: {
          operationId: "getOpenApi",
          summary: "This document",
          responses: { 200: ok("The document", { "application/json": {} }), 304: NOT_MODIFIED },
        },
        head: {
          operationId: "headOpenApi",
          summary: "The headers of GET",
          responses: { 200: ok("The headers", { "application/json": {} }), 304: NOT_MODIFIED },
        },
      },
    },
    components: {
      schemas: {
        Info: INFO,
        Inline: INLINE,
        InfoOrInline: { anyOf: [INFO, INLINE] },
        Keys: KEYS,
        ManyInline: MANY,
        Problem: PROBLEM,
      },
      ...(settings.signingSecrets.length > 0 && {
        securitySchemes: {
          signature: {
            type: "apiKey",
            in: "query",
            name: "signature",
            description: "With `expires`: `npx zippynet sign-url`, or `signUrl` of zippynet/sign.",
          },
        },
      }),
    },
  };
}

/** The document as the API sends it. */
export function getOpenApi(settings: Described, ifNoneMatch: string | undefined): Answer {
  return jsonAnswer(JSON.stringify(openApi(settings), undefined, 2), ifNoneMatch);
}

function operationsOf(settings: Described): Json {
  const isPrivate = settings.signingSecrets.length > 0;
  const common = {
    parameters: parametersOf(settings),
    ...(isPrivate && { security: [{ signature: [] }] }),
  };
  return {
    get: {
      operationId: "getImage",
      summary: "A picture; with `?info` a description of it, with `?inline` its file as text",
      ...common,
      responses: responsesOf(settings, isPrivate),
    },
    head: {
      operationId: "headImage",
      summary: "The headers of GET",
      ...common,
      responses: responsesOf(settings, isPrivate),
    },
    options: {
      operationId: "preflightImage",
      summary: "The preflight that browsers send before `If-None-Match` from another origin",
      responses: { 204: { description: "It is allowed", headers: headersOf(PREFLIGHT) } },
    },
  };
}

const KEY = {
  name: "key",
  in: "path",
  required: true,
  schema: { type: "string", minLength: 1 },
  description: "The upload's key, percent-encoded as UTF-8. Its slashes may stay slashes.",
};

function parametersOf({ maxSide, maxEnlargement, signingSecrets, look }: Described): Json[] {
  const query = (name: string, description: string, schema: Json, required = false): Json => ({
    name,
    in: "query",
    description,
    schema,
    ...(required && { required }),
  });
  const side = { type: "integer", minimum: 1, maximum: maxSide };
  const bounds = `The picture is enlarged at most ${maxEnlargement} times, to sides of at most ${maxSide}.`;
  return [
    query("w", `Width in pixels; without h, the height follows. ${bounds}`, side),
    query("h", `Height in pixels; without w, the width follows. ${bounds}`, side),
    query(
      "fit",
      "How the picture is brought to w×h: `cover` cuts off what is too much, `contain` adds bars, `inside` keeps the shape and stays within w×h, `fill` changes the shape.",
      {
        enum: FITS,
        default: "cover",
      },
    ),
    query(
      "look",
      "`faithful` is as near to the original as the file allows; `natural` looks sharper, and invents detail. A model without it decodes faithfully. Not with `format=zn`.",
      { enum: LOOKS, default: look },
    ),
    query("format", "Overrides `Accept`. `zn` is the file itself, only in its own size.", {
      enum: Object.keys(SERVED),
    }),
    query("info", "A description of the picture, as JSON. Other parameters are ignored.", {
      type: "string",
    }),
    query("inline", "The file as text, in JSON; one of over 16 KiB is a 400.", { type: "string" }),
    ...(signingSecrets.length > 0
      ? [query("expires", "When the signature expires, in seconds since 1970.", { type: "integer" }, true)]
      : []),
    {
      name: "If-None-Match",
      in: "header",
      description: "ETags of the answers that the client has.",
      schema: { type: "string" },
    },
  ];
}

function responsesOf({ maxResponseBytes }: Described, isPrivate: boolean): Json {
  const pictures = Object.fromEntries(Object.values(SERVED).map((type) => [type, {}]));
  const info = { "application/json": { schema: { $ref: "#/components/schemas/InfoOrInline" } } };
  return {
    200: ok("The picture, or its description", { ...pictures, ...info }),
    304: NOT_MODIFIED,
    400: problem("A parameter is out of its range"),
    ...(isPrivate && { 403: problem("The URL is not signed, was altered, or has expired") }),
    404: problem("There is no such picture, or not yet"),
    406: problem("`Accept` names no format of this service"),
    422: problem(`The picture would have more than ${maxResponseBytes} bytes`),
    500: problem("The picture could not be made"),
  };
}

function inlinePath(isPrivate: boolean): Json {
  const json = (name: string): Json => ({
    "application/json": { schema: { $ref: `#/components/schemas/${name}` } },
  });
  return {
    post: {
      operationId: "postInline",
      summary: "Many pictures as text. A private service refuses it.",
      requestBody: { required: true, content: json("Keys") },
      responses: isPrivate
        ? { 403: problem("The service is private: fetch each picture by its signed URL") }
        : {
            200: {
              description: "For each key, in order, the picture or a problem",
              headers: headersOf(COMMON),
              content: json("ManyInline"),
            },
            400: problem("The body is not a list of keys"),
          },
    },
    options: {
      operationId: "preflightInline",
      summary: "The preflight that browsers send before JSON from another origin",
      responses: { 204: { description: "It is allowed", headers: headersOf(PREFLIGHT) } },
    },
  };
}

const COMMON = [
  "Access-Control-Allow-Origin",
  "Access-Control-Expose-Headers",
  "Cache-Control",
  "Vary",
  "X-Content-Type-Options",
];
const PREFLIGHT = [
  "Access-Control-Allow-Headers",
  "Access-Control-Allow-Methods",
  "Access-Control-Allow-Origin",
  "Access-Control-Max-Age",
  "Allow",
  "Vary",
];

function headersOf(names: readonly string[]): Json {
  return Object.fromEntries(names.map((name) => [name, { schema: { type: "string" } }]));
}

function ok(description: string, content: Json): Json {
  return { description, headers: headersOf([...COMMON, "Content-Length", "ETag"]), content };
}

const NOT_MODIFIED = {
  description: "The client has it already: `If-None-Match` names its ETag",
  headers: headersOf([...COMMON, "ETag"]),
};

function problem(description: string): Json {
  return {
    description,
    headers: headersOf([...COMMON, "Content-Length"]),
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
}

/** RFC 9457. */
const PROBLEM = {
  type: "object",
  required: ["type", "title", "status", "detail"],
  properties: {
    type: { const: "about:blank" },
    title: { type: "string" },
    status: { type: "integer", minimum: 400, maximum: 599 },
    detail: { type: "string", description: "What was expected and what came." },
  },
  additionalProperties: false,
};

const INFO = {
  type: "object",
  required: ["key", "kind", "width", "height", "alpha", "bytes", "source"],
  properties: {
    key: { type: "string" },
    kind: {
      enum: ["latents", "vp8", "av1", "vp8l"],
      description: "Latents of a model, or a classical frame.",
    },
    width: { type: "integer", minimum: 1 },
    height: { type: "integer", minimum: 1 },
    alpha: { type: "boolean" },
    grey: { type: "boolean", description: "Only for latents." },
    quality: { type: "integer", minimum: 1, maximum: 100, description: "Only for latents." },
    model: {
      type: "object",
      required: ["number"],
      properties: { number: { type: "integer", minimum: 0, maximum: 255 }, name: { type: "string" } },
      additionalProperties: false,
    },
    target: {
      type: "string",
      pattern: "^(quality|psnr|max-bytes) [0-9.]+$",
      description: "What the encoder was asked for.",
    },
    effort: { type: "integer", minimum: 0, maximum: 9 },
    psnr: {
      anyOf: [{ type: "number" }, { const: "lossless" }],
      description: "In dB, compared with the upload as it was read: upright, in 8-bit sRGB.",
    },
    bytes: { type: "integer", minimum: 1, description: "Bytes of the file." },
    source: {
      type: "object",
      properties: { etag: { type: "string" }, bytes: { type: "integer" } },
      additionalProperties: false,
      description: "The upload.",
    },
  },
  additionalProperties: false,
};

const INLINE = {
  type: "object",
  required: ["key", "inline", "width", "height", "kind", "bytes"],
  properties: {
    key: { type: "string" },
    inline: { type: "string", pattern: "^[A-Za-z0-9_-]+$", description: "The file in base64url." },
    width: { type: "integer", minimum: 1 },
    height: { type: "integer", minimum: 1 },
    kind: INFO.properties.kind,
    bytes: { type: "integer", minimum: 1, description: "Bytes of the file." },
  },
  additionalProperties: false,
};

const KEYS = {
  type: "object",
  required: ["keys"],
  properties: {
    keys: {
      type: "array",
      minItems: 1,
      maxItems: MAX_KEYS,
      items: { type: "string", minLength: 1, description: "At most 1024 bytes of UTF-8." },
    },
  },
};

const MANY = {
  type: "object",
  required: ["pictures"],
  properties: {
    pictures: {
      type: "array",
      items: {
        anyOf: [
          INLINE,
          {
            type: "object",
            required: ["key", "problem"],
            properties: {
              key: { type: "string" },
              problem: {
                type: "object",
                required: ["status", "title", "detail"],
                properties: {
                  status: { enum: [404, 413, 500] },
                  title: { type: "string" },
                  detail: { type: "string" },
                },
                additionalProperties: false,
              },
            },
            additionalProperties: false,
          },
        ],
      },
    },
  },
  additionalProperties: false,
};
