import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PythonOptions, runPython } from "../../src/train/python.ts";

// Node stands in for Python
describe("a program of the trainer in PyTorch", () => {
  const run = async (program: string, options: Omit<PythonOptions, "onLine"> = {}) => {
    const lines: unknown[] = [];
    await runPython(process.execPath, ["-e", program], {
      ...options,
      onLine: (line) => lines.push(line),
    });
    return lines;
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
    assert.deepEqual(await run("console.log('{}')", { signal: AbortSignal.abort() }), []);
    const began = Date.now();
    await run(forLong, { signal: AbortSignal.timeout(200) });
    assert.ok(Date.now() - began < 30_000);
  });

  it("has several processes where they are asked for, and none is left where one ends", async () => {
    const rank = "process.env.RANK";
    const [line] = (await run(
      `if (${rank} > 0) { ${forLong} } else console.log(JSON.stringify(process.env))`,
      { processes: 3 },
    )) as [Record<string, string>];
    assert.deepEqual([line["WORLD_SIZE"], line["RANK"], line["LOCAL_RANK"]], ["3", "0", "0"]);
    assert.match(`${line["MASTER_ADDR"]} ${line["MASTER_PORT"]}`, /^127\.0\.0\.1 \d+$/);
    const failing = run(`if (${rank} == 1) process.exit(3); ${forLong}`, { processes: 3 });
    await assert.rejects(failing, /PyTorch ended with 3; see above/);
  });

  it("is ended where its lines are not JSON", async () => {
    await assert.rejects(run(`console.log("{x"); ${forLong}`), SyntaxError); // and this process ends, too
  });
});
