import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import sharp from "sharp";
import { imagePath } from "../../src/service/keys.ts";
import { openApi } from "../../src/service/openapi.ts";
import { readSettings } from "../../src/service/settings.ts";
import { signUrl } from "../../src/service/signed-url.ts";
import { type Answered, DecodeService } from "./decode-service.ts";

interface Response {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema?: { readonly $ref: string } }>>;
}
type Operation = { readonly responses: Readonly<Record<string, Response>> };
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const SECRET = "a-secret-of-more-than-thirty-two-letters";

let service: DecodeService;
let document: Document;

before(async () => {
  service = await DecodeService.start({
    ZIPPYNET_SIGNING_SECRET: SECRET,
    ZIPPYNET_MAX_RESPONSE_BYTES: "20000",
  });
  await service.add("face", "face-hat-64.png");
  const alpha = sharp({ create: { width: 20, height: 4, channels: 4, background: "#12345678" } });
  await service.add("alpha", await alpha.png().toBuffer());
  await service.put("latents", "broken.zn", Buffer.from("no latents"));
  document = JSON.parse((await service.ask("/openapi.json")).body.toString()) as Document;
});

after(() => service.stop());

function signed(key: string, query = ""): string {
  return signUrl(`https://api${imagePath(key)}${query}`, SECRET, new Date(Date.now() + 60_000)).slice(11);
}

/** Requests that meet every status of each operation, by path and method of the document. */
function requests(): [path: string, url: string, method: string, headers?: Record<string, string>][] {
  const tag = `"${createHash("md5").update("no latents").digest("hex")}-png"`;
  const images = ["GET", "HEAD"].flatMap(
    (method): ReturnType<typeof requests> => [
      ...[
        "",
        "?w=20&h=10&fit=fill",
        "?format=webp",
        "?format=avif",
        "?format=jpeg",
        "?format=zn",
        "?info",
        "?inline",
      ].map((query): [string, string, string] => ["/images/{key}", signed("face", query), method]),
      ["/images/{key}", signed("alpha", "?info"), method],
      ["/images/{key}", signed("broken"), method, { "if-none-match": tag }],
      ["/images/{key}", signed("face", "?w=0"), method],
      ["/images/{key}", "/images/face", method],
      ["/images/{key}", signed("nowhere"), method],
      ["/images/{key}", signed("face"), method, { accept: "text/html" }],
      ["/images/{key}", signed("face", "?w=400"), method],
      ["/images/{key}", signed("broken"), method],
    ],
  );
  return [
    ...images,
    ["/images/{key}", "/images/face", "OPTIONS"],
    ["/inline", "/inline", "POST"],
    ["/inline", "/inline", "OPTIONS"],
    ["/openapi.json", "/openapi.json", "GET"],
    ["/openapi.json", "/openapi.json", "GET", { "if-none-match": "*" }],
  ];
}

test("the document is OpenAPI", async () => {
  for (const secret of [SECRET, ""]) {
    const settings = readSettings({ ZIPPYNET_LATENTS_BUCKET: "b", ZIPPYNET_SIGNING_SECRET: secret });
    const made = openApi(settings);
    const { valid, errors } = await new Validator().validate(structuredClone(made));
    assert.ok(valid, JSON.stringify(errors));
    assert.equal(
      "403" in (made as unknown as Document).paths["/images/{key}"]!["get"]!.responses,
      secret !== "",
    );
  }
});

test("every answer is described, and all that is described happens", async () => {
  const ajv = new Ajv2020({ strict: false });
  const schemas = new Map(
    Object.entries(document.components.schemas).map(([name, schema]) => [
      `#/components/schemas/${name}`,
      ajv.compile(schema),
    ]),
  );
  const unseen = new Set(described());
  for (const [path, url, method, headers] of requests()) {
    const answer = await service.ask(url, { method, ...(headers && { headers }) });
    const at = `${method} ${path} ${answer.status}`;
    const response = document.paths[path]?.[method.toLowerCase()]?.responses[String(answer.status)];
    assert.ok(response, `${at} is not described`);
    for (const name of namesOf(answer)) {
      assert.ok(Object.hasOwn(lower(response.headers), name), `${at}: ${name} is not described`);
      unseen.delete(`${at} ${name}`);
    }
    const type = answer.headers["content-type"];
    unseen.delete(`${at} ${type ?? ""}`);
    if (type === undefined) continue;
    const content = response.content?.[type];
    assert.ok(content, `${at}: ${type} is not described`);
    if (!content.schema || method === "HEAD") continue;
    const validate = schemas.get(content.schema.$ref)!;
    assert.ok(validate(JSON.parse(answer.body.toString())), `${at}: ${JSON.stringify(validate.errors)}`);
  }
  assert.deepEqual([...unseen], []);
});

function* described(): Generator<string> {
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      for (const [status, { headers, content }] of Object.entries(responses ?? {})) {
        const at = `${method.toUpperCase()} ${path} ${status}`;
        for (const name of Object.keys(lower(headers))) yield `${at} ${name}`;
        for (const type of Object.keys(content ?? { "": {} })) yield `${at} ${type}`;
      }
    }
  }
}

/** Names of the headers that OpenAPI describes as such; the type has a place of its own. */
function namesOf({ headers }: Answered): string[] {
  return Object.keys(headers).filter((name) => name !== "content-type");
}

function lower(headers: Response["headers"] = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

test("every route of serverless.yml is described", async () => {
  const yaml = await readFile(new URL("../../serverless.yml", import.meta.url), "utf8");
  const routes = [...yaml.matchAll(/httpApi: (\w+) (\S+)/g)].map(
    ([, method, path]) => `${method} ${path!.replace("+}", "}")}`,
  );
  const known = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter((name) => name !== "parameters")
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(routes.sort(), known.sort());
});
