import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
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
