import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runPython } from "../../src/train/torch.ts";

// Node stands in for Python
describe("a program of the trainer in PyTorch", () => {
  const run = (program: string, signal?: AbortSignal) => {
    const lines: unknown[] = [];
    const onLine = (line: unknown) => lines.push(line);
    return runPython(process.execPath, ["-e", program], { ...(signal && { signal }), onLine }).then(
      () => lines,
    );
  };
  const forLong = "setTimeout(() => {}, 60_000)";

  it("hands on its lines of JSON, and says how it ended", async () => {
    assert.deepEqual(await run(`console.log('a word\\n{"done":1}')`), [{ done: 1 }]);
    await assert.rejects(run("process.exit(3)"), /PyTorch ended with 3; see above/);
    await assert.rejects(
      runPython("/nowhere/python", [], { onLine: () => undefined }),
      /nowhere.python ENOENT/,
    );
  });

  it("does not begin after a signal to stop, and ends by one that comes while it loads", async () => {
    assert.deepEqual(await run("console.log('{}')", AbortSignal.abort()), []);
    const began = Date.now();
    await run(forLong, AbortSignal.timeout(200));
    assert.ok(Date.now() - began < 30_000);
  });

  it("is ended where its lines are not JSON", async () => {
    await assert.rejects(run(`console.log("{x"); ${forLong}`), SyntaxError); // and this process ends, too
  });
});
