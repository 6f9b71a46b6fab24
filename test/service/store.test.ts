import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { after, before, test } from "node:test";
import { ObjectStore } from "../../src/service/aws/s3.ts";
import { ONE_ATTEMPT } from "./aws-environment.ts";
import { listen } from "./listen.ts";

/** What S3 is asked for and would answer. */
const requests: { readonly method: string; readonly headers: IncomingHttpHeaders }[] = [];
let status = 200;
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    requests.push({ method: request.method!, headers: request.headers });
    response.writeHead(status, { etag: '"new"' }).end();
  });
});
let store: ObjectStore;

before(async () => {
  Object.assign(process.env, ONE_ATTEMPT);
  store = new ObjectStore(await listen(server));
});

after(() => server.close());

function put(expected: string | undefined): Promise<boolean> {
  return store.put("latents", "a.zn", expected, { bytes: Buffer.from("latents"), type: "image/x-zippynet" });
}

test("every write and delete bears its condition, and no class but Standard", async () => {
  requests.length = 0;
  assert.ok(await put(undefined));
  assert.ok(await put('"old"'));
  assert.ok(await store.delete("latents", "a.zn", '"old"'));
  assert.deepEqual(
    requests.map(({ method, headers }) => [method, headers["if-none-match"], headers["if-match"]]),
    [
      ["PUT", "*", undefined],
      ["PUT", undefined, '"old"'],
      ["DELETE", undefined, '"old"'],
    ],
  );
  for (const { headers } of requests) assert.equal(headers["x-amz-storage-class"], undefined);
});

test("412, 409 and 404 say that something else stands there; whatever else S3 answers is thrown", async () => {
  for (status of [412, 409, 404]) {
    assert.equal(await put('"old"'), false, String(status));
    assert.equal(await store.delete("latents", "a.zn", '"old"'), false, String(status));
    assert.equal(await store.get("uploads", "a", '"old"'), undefined, String(status));
  }
  for (status of [400, 403, 500, 503]) {
    await assert.rejects(put('"old"'), String(status));
    await assert.rejects(store.delete("latents", "a.zn", '"old"'), String(status));
    await assert.rejects(store.head("latents", "a.zn"), String(status));
  }
  status = 200;
});
