import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

const REQUEST = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";

/**
 * A server that answers, and then computes for longer than it keeps a connection; in `setImmediate`, where timers come
 * next.
 */
const SERVER = `
  const { createServer } = require("node:http");
  const { parentPort, workerData } = require("node:worker_threads");
  (async () => {
    if (workerData.module) (await import(workerData.module)).keepConnections();
    const wait = new Int32Array(new SharedArrayBuffer(4));
    const server = createServer((_, response) => {
      response.end("answer");
      setTimeout(() => setImmediate(() => {
        parentPort.postMessage("busy");
        Atomics.wait(wait, 0, 0, 1500);
      }), 50);
    });
    server.keepAliveTimeout = 500;
    server.keepAliveTimeoutBuffer = 0;
    server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
  })();
`;

/** Asks on one connection, before the server is busy and while it is; how that ended. */
async function askTwice(module: string | undefined): Promise<"answered" | "closed"> {
  const worker = new Worker(SERVER, { eval: true, workerData: { module } });
  try {
    const [port] = (await once(worker, "message")) as [number];
    const busy = once(worker, "message");
    const socket = connect(port, "127.0.0.1");
    socket.write(REQUEST);
    assert.equal(await next(socket), "answered");
    await busy;
    await sleep(100);
    socket.write(REQUEST);
    const ended = await next(socket);
    socket.destroy();
    return ended;
  } finally {
    await worker.terminate();
  }
}

function next(socket: Socket): Promise<"answered" | "closed"> {
  return new Promise((resolve) => {
    socket.once("data", () => resolve("answered"));
    socket.once("error", () => resolve("closed"));
    socket.once("close", () => resolve("closed"));
  });
}

test("a request that waits while the service computes is answered, where Node would reset its connection", async () => {
  const module = new URL("../../src/local/invoker.ts", import.meta.url).href;
  assert.equal(await askTwice(undefined), "closed", "Node's own way has changed: invoker.ts may go");
  assert.equal(await askTwice(module), "answered");
});
