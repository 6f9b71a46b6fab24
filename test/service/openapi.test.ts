import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import sharp from "sharp";
import { imagePath } from "../../src/service/aws/keys.ts";
import { openApi } from "../../src/service/decode/openapi.ts";
import { SERVED } from "../../src/service/decode/picture-request.ts";
import { signUrl } from "../../src/service/decode/signed-url.ts";
import { readSettings } from "../../src/service/settings.ts";
import { DecodeService } from "./decode-service.ts";
import { assertDescribed, type Document, type Request } from "./openapi-check.ts";

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

/** Requests that meet every status of each operation. */
function requests(): Request[] {
  const tag = `"${createHash("md5").update("no latents").digest("hex")}-png"`;
  const queries = ["", "?w=20&h=10&fit=fill", "?info", "?inline"];
  const formats = Object.keys(SERVED).map((format) => `?format=${format}`);
  const images = ["GET", "HEAD"].flatMap((method) =>
    [
      ...[...queries, ...formats].map((query) => ({ url: signed("face", query) })),
      { url: signed("alpha", "?info") },
      { url: signed("broken"), headers: { "if-none-match": tag } },
      { url: signed("face", "?w=0") },
      { url: "/images/face" },
      { url: signed("nowhere") },
      { url: signed("face"), headers: { accept: "text/html" } },
      { url: signed("face", "?w=400") },
      { url: signed("broken") },
    ].map((request) => ({ path: "/images/{key}", method, ...request })),
  );
  return [
    ...images,
    { path: "/images/{key}", url: "/images/face", method: "OPTIONS" },
    { path: "/inline", url: "/inline", method: "POST", body: '{"keys":["face"]}' },
    { path: "/inline", url: "/inline", method: "OPTIONS" },
    ...["GET", "HEAD"].flatMap((method) => [
      { path: "/openapi.json", method, url: "/openapi.json" },
      { path: "/openapi.json", method, url: "/openapi.json", headers: { "if-none-match": "*" } },
    ]),
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

test("every answer is described, and all that is described happens", () =>
  assertDescribed(service, document, requests()));

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
