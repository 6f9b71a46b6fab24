import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Answered, DecodeService } from "./decode-service.ts";

interface Response {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema?: { readonly $ref: string } }>>;
}
type Operation = { readonly responses: Readonly<Record<string, Response>> };
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** A request, and the path of the document that it belongs to. */
export interface Request {
  readonly path: string;
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asserts that every answer is described (status, headers, type, schema) and that all that is described happens. */
export async function assertDescribed(
  service: DecodeService,
  document: Document,
  requests: readonly Request[],
): Promise<void> {
  const ajv = new Ajv2020({ strict: false });
  const schemas = new Map(
    Object.entries(document.components.schemas).map(([name, schema]) => [
      `#/components/schemas/${name}`,
      ajv.compile(schema),
    ]),
  );
  const unseen = new Set(described(document));
  for (const { path, url, ...asked } of requests) {
    const { method = "GET" } = asked;
    const answer = await service.ask(url, asked);
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
}

function* described(document: Document): Generator<string> {
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
