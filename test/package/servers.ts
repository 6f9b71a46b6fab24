import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { toInline } from "../../src/index.ts";
import { installed, run, startServer, writeFiles } from "./installed.ts";

const PNG = fileURLToPath(new URL("../images/face-hat-64.png", import.meta.url));

const STALL = `
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import { encode, encodeMany } from "zippynet";
const picture = (seed) => ({ width: 42, height: 42, data: Uint8Array.from({ length: 42 * 42 * 3 }, (_, i) => 128 + 100 * Math.sin(i / 97 + seed)) });
await encode(picture(0), { maxBytes: 120, classical: false });
const worstDuring = async (work) => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  return delay.max / 1e6;
};
const start = performance.now();
const own = await worstDuring(() => encodeMany(Array.from({ length: 16 }, (_, i) => picture(i)), { maxBytes: 120, classical: false }));
const spinning = new Worker("for (;;);", { eval: true });
const machine = await worstDuring(() => new Promise((done) => setTimeout(done, performance.now() - start)));
await spinning.terminate();
console.log(JSON.stringify({ own, machine }));
`;

/** Texts that are not pictures of the model that is here, and what is said of them. */
const NO_PICTURE: Readonly<Record<string, RegExp>> = {
  AAAA: /^not a .zn file: /,
  ü: /^not an inline .zn file: /,
  [toInline(readFileSync(new URL("../golden/products-4-42-q45.zn", import.meta.url)))]:
    /^expected one of the models 14 /,
  "ks4vP8APAAcQEf0PAAnh_3stov-pHw": /^expected a browser/, // of VP8L
};

suite("servers", { timeout: 900_000 }, () => {
  test("Express: an upload becomes a text", async () => {
    const { folder } = await installed();
    const origin = "http://127.0.0.1:41741";
    const server = await startServer("node", ["server.js"], join(folder, "examples/express"), {
      url: `${origin}/health`,
      port: 41741,
    });
    try {
      const body = await readFile(PNG);
      const answer = await fetch(`${origin}/people`, {
        method: "POST",
        body,
        headers: { "content-type": "image/png" },
      });
      const { photo } = (await answer.json()) as { photo: string };
      assert.match(photo, /^[\w-]{60,160}$/);
      const refused = async (type: string, sent: Uint8Array | undefined): Promise<string> => {
        const init = { method: "POST", headers: { "content-type": type }, ...(sent && { body: sent }) };
        const { status, json } = await fetch(`${origin}/people`, init).then(async (reply) => ({
          status: reply.status,
          json: (await reply.json()) as { error: string },
        }));
        return `${status} ${json.error}`;
      };
      const unread = /^400 expected an image that can be read: /;
      assert.match(await refused("image/png", new TextEncoder().encode("no picture")), unread);
      assert.match(await refused("image/png", body.subarray(0, 2000)), unread);
      assert.match(await refused("image/png", undefined), /^400 expected an image as body/);
      assert.match(await refused("text/plain", body), /^400 expected an image as body/);
      assert.equal(await refused("image/png", new Uint8Array(11e6)), "413 request entity too large");
    } finally {
      server.stop();
    }
  });

  test("the event loop never waits for 20 ms while 16 pictures are encoded to maxBytes", async (t) => {
    const { folder } = await installed();
    await writeFiles(folder, { "stall.mjs": STALL });
    const { own, machine } = JSON.parse((await run("node", ["stall.mjs"], folder)).stdout);
    t.diagnostic(
      `longest stall: ${own.toFixed(1)} ms, beside a thread that only spins ${machine.toFixed(1)} ms`,
    );
    // on a machine that has more to do than cores, any process waits for its turn: it may wait as long beside any
    // other thread
    assert.ok(own < Math.max(20, 2 * machine), `${own} ms, ${machine} ms`);
  });

  test("Lambda that only decodes", async () => {
    const { folder, picture } = await installed();
    const { handler } = await import(
      pathToFileURL(join(folder, "examples/lambda-decode-only/index.js")).href
    );
    const { statusCode, body } = await handler({ queryStringParameters: { text: picture } });
    const file = Buffer.from(body, "base64");
    assert.deepEqual([statusCode, file.toString("latin1", 0, 2), file.readInt32LE(18)], [200, "BM", 64]);
    for (const [query, why] of Object.entries(NO_PICTURE)) {
      const answer = await handler({ queryStringParameters: { text: query } });
      assert.equal(answer.statusCode, 400);
      assert.match(answer.body, why);
    }
    assert.equal((await handler({})).statusCode, 400);
  });

  test("Hono on Workers: bundled by wrangler, run by workerd", async () => {
    const { folder, picture } = await installed();
    const at = join(folder, "examples/hono-on-workers");
    await run(join(folder, "node_modules/.bin/wrangler"), ["deploy", "--dry-run", "--outdir", "built"], at);
    const { Miniflare } = createRequire(join(folder, "package.json"))("miniflare");
    const worker = new Miniflare({
      modulesRoot: join(at, "built"),
      modules: true,
      scriptPath: join(at, "built/index.js"),
      modulesRules: [
        { type: "CompiledWasm", include: ["**/*.wasm"] },
        { type: "Data", include: ["**/*.safetensors"] },
      ],
      compatibilityDate: "2026-07-01",
    });
    try {
      const answer = await worker.dispatchFetch(`http://localhost/mean/${picture}`);
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      const { width, mean } = JSON.parse(text);
      assert.equal(width, 64);
      assert.ok(
        mean.every((value: number) => value > 0 && value < 255),
        text,
      );
      for (const [query, why] of Object.entries(NO_PICTURE)) {
        const refused = await worker.dispatchFetch(`http://localhost/mean/${encodeURIComponent(query)}`);
        const { error } = (await refused.json()) as { error: string };
        assert.equal(refused.status, 400);
        assert.match(error, why);
      }
    } finally {
      await worker.dispose();
    }
  });
});
