import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { after, before, beforeEach, test } from "node:test";
import { ALIAS, DEPLOYMENT } from "../../src/service/settings.ts";
import { ONE_ATTEMPT } from "../service/aws-environment.ts";
import { listen } from "../service/listen.ts";
import { type Ended, zippynet } from "./run.ts";

const [FIRST, SECOND, THIRD] = [
  "2026-01-01T00:00:00.000Z",
  "2026-02-01T00:00:00.000Z",
  "2026-03-01T00:00:00.000Z",
];
const [ENCODE, DECODE, BATCH] = ["encode", "decode", "batch"].map((end) => `zippynet-test-${end}`) as [
  string,
  string,
  string,
];

/** The deployments of each function's versions: version 1 comes first. */
const VERSIONS: Readonly<Record<string, readonly string[]>> = {
  [ENCODE]: [FIRST, SECOND, THIRD],
  // the second deployment was tried twice
  [DECODE]: [FIRST, SECOND, SECOND, THIRD],
  // as of a deployment that failed half-way
  [BATCH]: [FIRST, SECOND, "2026-02-15T00:00:00.000Z", THIRD],
};

/** Where the aliases point. test/deploy/rollback.ts has the same with an emulator's Lambda. */
let aliases: Record<string, number>;
let lambda: Server;

before(async () => {
  lambda = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://localhost");
    const [, name = "", what, alias] =
      /^\/2015-03-31\/functions\/([^/]+)\/(\w+)\/?(.*)$/.exec(pathname) ?? [];
    const versions = (VERSIONS[name] ?? []).map((time, i) => ({
      FunctionArn: `arn:aws:lambda:us-east-1:1:function:${name}:${i + 1}`,
      Version: String(i + 1),
      Environment: { Variables: { [DEPLOYMENT]: time } },
    }));
    const send = (body: unknown, status = 200): void => {
      response.writeHead(status, {
        "content-type": "application/json",
        ...(status === 404 && { "x-amzn-errortype": "ResourceNotFoundException" }),
      });
      response.end(JSON.stringify(body));
    };
    if (versions.length === 0) send({ Message: "Function not found" }, 404);
    else if (what === "configuration" && searchParams.get("Qualifier") === ALIAS)
      send(versions[aliases[name]! - 1]);
    else if (what === "versions") send({ Versions: [{ Version: "$LATEST" }, ...versions] });
    else if (request.method === "PUT" && alias === ALIAS) {
      void buffer(request).then((body) => {
        aliases[name] = Number((JSON.parse(body.toString()) as { FunctionVersion: string }).FunctionVersion);
        send({});
      });
    } else send({}, 400);
  });
  Object.assign(process.env, ONE_ATTEMPT, { AWS_ENDPOINT_URL_LAMBDA: await listen(lambda) });
});

after(() => {
  lambda.closeAllConnections();
  lambda.close();
});

beforeEach(() => {
  aliases = { [ENCODE]: 3, [DECODE]: 4, [BATCH]: 4 };
});

async function rollback(...options: string[]): Promise<Ended> {
  return zippynet(["rollback", "zippynet-test", ...options]);
}

test("goes back to the last deployment that all functions have, and again to the one before", async () => {
  const { code, out, err } = await rollback();
  assert.equal(code, 0, err);
  assert.equal(out.toString(), `from the deployment of ${THIRD} to that of ${SECOND}\n`);
  assert.deepEqual(aliases, { [ENCODE]: 2, [DECODE]: 3, [BATCH]: 2 });
  await rollback();
  assert.deepEqual(aliases, { [ENCODE]: 1, [DECODE]: 1, [BATCH]: 1 });
  const last = await rollback();
  assert.equal(last.code, 1);
  assert.match(last.err, /expected a deployment before 2026-01-01T00:00:00\.000Z, got none/);
  assert.deepEqual(aliases, { [ENCODE]: 1, [DECODE]: 1, [BATCH]: 1 });
});

test("goes to a deployment that is named, back or forward; another name changes nothing", async () => {
  assert.equal((await rollback("--to", FIRST)).code, 0);
  assert.deepEqual(aliases, { [ENCODE]: 1, [DECODE]: 1, [BATCH]: 1 });
  assert.equal((await rollback("--to", THIRD)).code, 0);
  assert.deepEqual(aliases, { [ENCODE]: 3, [DECODE]: 4, [BATCH]: 4 });
  const { code, err } = await rollback("--to", "yesterday");
  assert.equal(code, 1);
  assert.match(err, /expected a deployment of 2026-01-01.*, 2026-02-01.*, 2026-03-01.*, got "yesterday"/);
  assert.deepEqual(aliases, { [ENCODE]: 3, [DECODE]: 4, [BATCH]: 4 });
});

test("lists the deployments without a change", async () => {
  const { out } = await rollback("--list");
  assert.equal(out.toString(), `${FIRST}\n${SECOND}\n${THIRD} (current)\n`);
  const json = JSON.parse((await rollback("--list", "--json")).out.toString()) as unknown;
  assert.deepEqual(json, { deployments: [FIRST, SECOND, THIRD], before: THIRD, current: THIRD });
  assert.deepEqual(aliases, { [ENCODE]: 3, [DECODE]: 4, [BATCH]: 4 });
});

test("a stack that is not there is an error that says so", async () => {
  const { code, err } = await zippynet(["rollback", "other"]);
  assert.equal(code, 1);
  assert.match(
    err,
    /expected a deployed function with the alias "current", got "other-(encode|decode|batch)"/,
  );
});
