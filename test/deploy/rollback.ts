import assert from "node:assert/strict";
import { test } from "node:test";
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { DEPLOYMENT } from "../../src/service/settings.ts";
import { BATCH, DECODE, ENCODE, STACK } from "./deployment.ts";
import { zippynet } from "./processes.ts";
import { deployment } from "./shared.ts";

/** Of which events.ts leaves latents. */
const PICTURE = ["events/late.png", "?format=png"] as const;
const BAD = "2999-01-01T00:00:00.000Z";

interface Report {
  readonly deployments: readonly string[];
  readonly before: string;
  readonly current: string;
}

async function rollback(...options: string[]): Promise<Report> {
  const args = ["rollback", STACK, "--json", ...options];
  const { code, stdout, stderr } = await zippynet(args, deployment.ministack.environment).ended;
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Report;
}

test("a bad deployment is rolled back in one command, and all functions with it", async () => {
  const picture = await deployment.get(...PICTURE);
  assert.equal(picture.status, 200);
  for (const FunctionName of [ENCODE, DECODE, BATCH]) {
    const { Environment } = await deployment.lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName }),
    );
    const bad = { ...Environment?.Variables, [DEPLOYMENT]: BAD, ZIPPYNET_MAX_AGE: "no number" };
    await deployment.publish(FunctionName, bad);
  }
  assert.equal((await deployment.get(...PICTURE)).status, 500);

  const { deployments, current } = await rollback("--list");
  const [good] = deployments;
  assert.deepEqual([deployments.length, deployments[1], current], [2, BAD, BAD]);
  assert.equal((await deployment.get(...PICTURE)).status, 500);

  assert.deepEqual(await rollback(), { deployments, before: BAD, current: good });
  const { status, body } = await deployment.get(...PICTURE);
  assert.deepEqual([status, body], [200, picture.body]);

  await rollback("--to", BAD);
  assert.equal((await deployment.get(...PICTURE)).status, 500);
  await rollback();
  assert.equal((await deployment.get(...PICTURE)).status, 200);
});
