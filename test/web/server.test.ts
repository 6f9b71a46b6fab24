import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { buildWeb } from "../../src/web/build/build.ts";
import { WebServer } from "../../src/web/server.ts";

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
});
