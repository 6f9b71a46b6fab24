import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { Pool } from "../../src/node/pool.ts";

/** A thread that answers with its task, but for one that it never answers. */
const ECHO = `
const { parentPort } = require("node:worker_threads");
parentPort.on("message", ({ id, task }) => {
  if (task !== "wait") parentPort.postMessage({ id, kind: "done", result: task });
});
`;

test("a task that comes while a thread is being ended goes to another", async () => {
  const pool = new Pool<string, string>((options) => new Worker(ECHO, { ...options, eval: true }), {
    size: 1,
    atOnce: 2,
  });
  try {
    assert.equal(await pool.run("first"), "first");
    const stopped = new AbortController();
    const waiting = pool.run("wait", stopped);
    stopped.abort();
    await assert.rejects(waiting, { name: "AbortError" });
    assert.equal(await pool.run("next"), "next");
  } finally {
    await pool.close();
  }
});

/** A thread that answers with its task, and dies slowly of another one. */
const MORTAL = `
const { parentPort } = require("node:worker_threads");
parentPort.on("message", ({ id, task }) => {
  if (task === "die") {
    process.on("exit", () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100));
    throw new Error("dead");
  }
  if (task !== "wait") parentPort.postMessage({ id, kind: "done", result: task });
});
`;
const mortal = (options: WorkerOptions): Worker => new Worker(MORTAL, { ...options, eval: true });

test("a task that comes while a thread dies goes to another", async () => {
  const pool = new Pool<string, string>(mortal, { size: 1 });
  try {
    for (let i = 0; i < 3; i++) {
      await assert.rejects(pool.run("die"), { code: "unavailable", message: /it ended: dead$/ });
      assert.equal(await pool.run("next"), "next");
    }
  } finally {
    await pool.close();
  }
});

test("closing fails what is done and what waits, and starts nothing", async () => {
  let started = 0;
  const pool = new Pool<string, string>((options) => mortal({ ...options, name: `${started++}` }), {
    size: 1,
  });
  const tasks = ["wait", "next", "next"].map((task) => pool.run(task));
  const outcomes = Promise.allSettled(tasks);
  await pool.close();
  for (const outcome of await outcomes)
    assert.ok(outcome.status === "rejected" && outcome.reason.code === "unavailable");
  assert.equal(started, 1);
});

test("a task that cannot be sent fails, and those beside it and behind it are done", async () => {
  const echo = (options: WorkerOptions): Worker => new Worker(ECHO, { ...options, eval: true });
  const pool = new Pool<unknown, unknown>(echo, { size: 1 });
  try {
    const tasks = ["first", () => undefined, "next"].map((task) => pool.run(task));
    const [first, wrong, next] = await Promise.allSettled(tasks);
    assert.deepEqual(
      [first, next].map((each) => each?.status === "fulfilled" && each.value),
      ["first", "next"],
    );
    assert.ok(wrong?.status === "rejected" && wrong.reason.name === "DataCloneError");
  } finally {
    await pool.close();
  }
});

test("a program waits for its threads to end, though a result comes while they are ended", () => {
  const program = `
    import { Worker } from "node:worker_threads";
    import { Pool } from ${JSON.stringify(new URL("../../src/node/pool.ts", import.meta.url).href)};
    const how = { eval: true, execArgv: [] };
    for (let i = 0; i < 20; i++) {
      const pool = new Pool((options) => new Worker(${JSON.stringify(ECHO)}, { ...options, ...how }), { size: 1 });
      await pool.run("first");
      pool.run("second").catch(() => undefined);
      for (const end = Date.now() + 20; Date.now() < end; ); // its result comes, and is not looked at yet
      await pool.close();
    }
    console.log("closed");`;
  const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program]);
  assert.deepEqual([status, String(stdout)], [0, "closed\n"]);
});
