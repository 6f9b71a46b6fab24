import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { buildWeb } from "../../src/web/build/build.ts";
import { WebServer } from "../../src/web/development/server.ts";

suite("the server of dist/web", () => {
  const folder = mkdtempSync(join(tmpdir(), "zippynet-server-"));
  let server: WebServer;
  before(async () => {
    await buildWeb({ out: folder });
    server = await WebServer.start({ folder, port: 0 });
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("every file of the build has its type; what has a hash in its name may be kept for ever, and nothing else", async () => {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) =>
        join(parentPath, name)
          .slice(folder.length + 1)
          .replaceAll("\\", "/"),
      );
    const lasting: string[] = [];
    for (const path of paths) {
      const { headers } = await fetch(`${server.url}/${path}`, { method: "HEAD" });
      const weights = path.endsWith(".safetensors");
      assert.equal(headers.get("content-type") === "application/octet-stream", weights, path);
      if (headers.get("cache-control")!.includes("immutable")) lasting.push(path.replace(/\/.*/, ""));
    }
    const kinds = new Set(lasting.map((name) => name.replace(/-[0-9A-Z]{8}\./, ".")));
    assert.deepEqual([...kinds].sort(), ["decoder.js", "encoder.js", "models", "shared.js"]);
  });

  test("a file and its gzip each have their tag, and a 304; what Accept-Encoding refuses is not sent", async () => {
    const ask = (accepted: string, ifNoneMatch = "") =>
      fetch(`${server.url}/page.css`, {
        headers: { "accept-encoding": accepted, "if-none-match": ifNoneMatch },
      });
    const tags = new Map<string | null, string>();
    for (const [accepted, encoding] of [
      ["gzip, deflate, br", "gzip"],
      ["br;q=1, GZIP;q=0.5", "gzip"],
      ["*", "gzip"],
      ["gzip;q=0", null],
      ["identity, gzip;q=0.5", null],
      ["*;q=0", null],
      ["br", null],
    ] as const) {
      const { status, headers } = await ask(accepted);
      assert.deepEqual([status, headers.get("content-encoding")], [200, encoding], accepted);
      assert.equal(headers.get("vary"), "accept-encoding");
      const tag = headers.get("etag")!;
      assert.equal(tags.get(encoding) ?? tag, tag);
      tags.set(encoding, tag);
    }
    const [gzip, plain] = [tags.get("gzip")!, tags.get(null)!];
    assert.notEqual(gzip, plain);
    for (const [accepted, known, status] of [
      ["gzip", gzip, 304],
      ["gzip", plain, 200],
      ["identity", plain, 304],
      ["identity", gzip, 200],
      ["identity", `"other", W/${plain}`, 304],
    ] as const) {
      const answer = await ask(accepted, known);
      assert.equal(answer.status, status, `${accepted} ${known}`);
      assert.equal(answer.headers.get("etag"), accepted === "gzip" ? gzip : plain);
    }
  });
});
