import assert from "node:assert/strict";
import { test } from "node:test";
import { assertSettings } from "../../layers/plugin.ts";
import { resolve } from "./resolved.ts";

test("a deployment with a parameter that its functions would refuse is refused", async () => {
  const wrong = {
    quality: ["500", "ZIPPYNET_QUALITY: expected a whole number of 1–100"],
    maxSide: ["9000", "ZIPPYNET_MAX_SIDE: expected a whole number of 1–4096"],
    look: ["pretty", "ZIPPYNET_LOOK: "],
    uploaderOptions: ["yes", "ZIPPYNET_UPLOADER_OPTIONS: "],
    signingSecret: ["short", "ZIPPYNET_SIGNING_SECRET: expected secrets of at least 32 characters"],
  } as const;
  const parameters = Object.entries(wrong).map(([name, [value]]) => `${name}=${value}`);
  const service = await resolve(...parameters);
  assert.throws(
    () => assertSettings(service),
    ({ code, message }: Error & { code?: string }) => {
      assert.equal(code, "bad-option");
      for (const [, expected] of Object.values(wrong)) assert.ok(message.includes(expected), message);
      return true;
    },
  );
});

test("the defaults are accepted, and secrets that CloudFormation fills in", async () => {
  assertSettings(await resolve());
  const secret = "{{resolve:ssm:/new}} {{resolve:secretsmanager:old}}";
  assertSettings(await resolve(`signingSecret=${secret}`, "cdn=true"));
});

test("a word that is neither true nor false is refused, where it would turn something off in silence", async () => {
  for (const name of ["cdn", "accessLogs", "tracing", "researchModels"]) {
    await assert.rejects(resolve(`${name}=yes`), ({ stdout, stderr }: Error & Record<string, string>) =>
      `${stdout}${stderr}`.includes(`Expected either "true", "false", "0", or "1". Received: yes`),
    );
  }
  assert.deepEqual((await resolve("cdn=1")).resources.Conditions["HasCdn"], { "Fn::Equals": [true, true] });
});
