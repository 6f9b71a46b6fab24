import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { type TrainOptions, withTrainOptions } from "../../src/cli/train-options.ts";

function parsed(...args: string[]): TrainOptions {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  return withTrainOptions(command)
    .parse(["--domain", "made", ...args], { from: "user" })
    .opts();
}

test("options of training refuse what is no number, the empty text too", () => {
  const whole = /expected a whole number of/;
  const share = /expected a share like 2% or 0\.02/;
  const wrong: [option: string, message: RegExp][] = [
    ["--number=", whole],
    ["--number=0x10", whole],
    ["--number=256", whole],
    ["--number=80", /80 is reserved/],
    ["--seed=", whole],
    ["--samples=", whole],
    ["--minutes=", /expected a number above 0/],
    ["--lr= ", /expected a number above 0/],
    ["--sizes=", whole],
    ["--sizes=42,", whole],
    ["--sizes=31", whole],
    ["--sizes=129", whole],
    ["--holdout=", share],
    ["--holdout=%", share],
    ["--holdout=100%", share],
    ["--orientations=", /expected one of 1, 2, 4, 8/],
  ];
  for (const [option, message] of wrong) assert.throws(() => parsed(option), { message }, option);
});

test("options of training are read as numbers", () => {
  const { number, samples, lr, sizes, holdout } = parsed(
    ...["--number=0", "--samples=0", "--lr=2e-4", "--sizes=42, 64", "--holdout=2.5%"],
  );
  assert.deepEqual([number, samples, lr, sizes, holdout], [0, 0, 2e-4, [42, 64], 0.025]);
});
