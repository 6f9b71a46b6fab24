import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { modelsFolder } from "../../src/model/folder.ts";
import type { Answer, Request } from "../../src/web/browser/protocol.ts";
import { serveDecoder } from "../../src/web/browser/worker/decoding.ts";

test("what decodes lets others have their turn between pictures, for where the page itself does it", async () => {
  const folder = `${modelsFolder()}/faces/`;
  const manifest = readFileSync(`${folder}manifest.json`, "utf8");
  const { blobs } = JSON.parse(manifest) as { blobs: Record<string, { file: string }> };
  const files = Object.fromEntries(
    Object.values(blobs).map(({ file }) => [file, new Uint8Array(readFileSync(folder + file))] as const),
  );
  const file = new Uint8Array(readFileSync(new URL("../golden/photograph-1-42-q50.zn", import.meta.url)));
  const answers: Answer[] = [];
  let ask: (request: Request) => void = () => undefined;
  const all = new Promise<number[]>((resolve) => {
    const turns: number[] = [];
    let turn = 0;
    const next = (): void => {
      turn++;
      if (turns.length < 4) setImmediate(next);
      else resolve(turns);
    };
    setImmediate(next);
    ask = serveDecoder((answer) => {
      answers.push(answer);
      if (answer.type === "decoded" || answer.type === "failed") turns.push(turn);
    });
  });
  ask({ type: "start", models: [{ manifest, files }] });
  ask({ type: "decode", jobs: [1, 2, 3, 4].map((id) => ({ id, file, look: "faithful" as const })) });
  const turns = await all;
  const decoded = answers.filter(({ type }) => type === "decoded");
  assert.deepEqual(
    decoded.map((answer) => "id" in answer && answer.id),
    [1, 2, 3, 4],
  );
  assert.equal(new Set(turns).size, 4, turns.join()); // each in a turn of its own
});
