import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { closure, ROOT, WALKS } from "../../scripts/imports.ts";
import { LocalS3 } from "../../src/local/s3/server.ts";
import { ONE_ATTEMPT } from "../service/aws-environment.ts";

test("a walk is counted as a process takes it: an upload, then its URL", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "zippynet-walks-"));
  const buckets = ["uploads", "latents"];
  const s3 = await LocalS3.start({ folder, buckets, port: 0, onChange: () => undefined });
  t.after(async () => {
    await s3.stop();
    await rm(folder, { recursive: true });
  });
  const jpeg = await sharp(join(ROOT, "test/images/face-hat-64.png")).jpeg().toBuffer();
  const put = await fetch(`${s3.endpoint}/uploads/face.jpg`, { method: "PUT", body: new Uint8Array(jpeg) });
  assert.ok(put.ok);

  const openedBy = async (module: string, event: unknown): Promise<string[]> => {
    const child = fork(
      join(import.meta.dirname, "opened-files.ts"),
      [join(ROOT, module), JSON.stringify(event)],
      {
        env: {
          ...process.env,
          ...ONE_ATTEMPT,
          AWS_ENDPOINT_URL_S3: s3.endpoint,
          ZIPPYNET_LATENTS_BUCKET: "latents",
          ZIPPYNET_MODELS: join(ROOT, "models"),
        },
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      },
    );
    const ended = once(child, "exit").then(([code]) => assert.fail(`${module} ended with ${code}`));
    const [opened] = (await Promise.race([once(child, "message"), ended])) as [string[]];
    ended.catch(() => undefined); // it is ended here
    child.kill();
    return opened;
  };
  const record = {
    eventSource: "aws:s3",
    eventName: "ObjectCreated:Put",
    s3: { bucket: { name: "uploads" }, object: { key: "face.jpg", size: jpeg.length } },
  };
  const request = {
    rawPath: "/images/face.jpg",
    rawQueryString: "",
    headers: {},
    pathParameters: { key: "face.jpg" },
    requestContext: { http: { method: "GET" }, requestId: "1" },
  };
  const [upload, url] = WALKS;
  assert.deepEqual(await openedBy("src/handlers/encode.ts", { Records: [record] }), closure(ROOT, upload!));
  assert.deepEqual(await openedBy("src/handlers/decode.ts", request), closure(ROOT, url!));
});
