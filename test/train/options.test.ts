import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { refuseIgnored } from "../../src/cli/train/checks.ts";
import { type TrainOptions, withTrainOptions } from "../../src/cli/train/options.ts";

function command(...args: string[]): Command {
  const bare = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  return withTrainOptions(bare).parse(["--domain", "made", ...args], { from: "user" });
}

const parsed = (...args: string[]) => command(...args).opts<TrainOptions>();

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
    ...["--number=1", "--samples=0", "--lr=2e-4", "--sizes=42:3, 64", "--holdout=2.5%"],
  );
  const pairs = [
    [42, 3],
    [64, 1],
  ];
  assert.deepEqual([number, samples, lr, sizes, holdout], [1, 0, 2e-4, pairs, 0.025]);
  // model 0 is reserved: docs/format.md
  assert.throws(() => parsed("--number=0"), /expected a whole number of 1–255/);
});

test("a run that goes on, or is exported, refuses what it would ignore", () => {
  const check = (args: string[]) => {
    const made = command(...args);
    refuseIgnored(made, made.opts());
  };
  const settled = [
    ...["--seed=2", "--cut=patches", "--sizes=64", "--holdout=1%"],
    ...["--only=prior", "--init=a", "--architecture=b"],
  ];
  const ofTraining = [
    ...["--minutes=1", "--samples=1", "--lr=1", "--bits=noisy"],
    ...["--checkpoint-minutes=1", "--evaluate-minutes=1", "--processes=2"],
  ];
  for (const option of settled) {
    const [name] = option.split("=");
    for (const how of ["--resume", "--export-only"]) {
      assert.throws(() => check([how, option]), {
        exitCode: 2,
        message: new RegExp(`^error: expected ${how} without ${name},`),
      });
    }
  }
  for (const option of ofTraining) {
    const [name] = option.split("=");
    const message = new RegExp(`^error: expected --export-only without ${name}:`);
    assert.throws(() => check(["--export-only", option]), { exitCode: 2, message });
  }
  check([
    "--resume",
    ...ofTraining,
    "--engine=torch",
    "--out=a",
    "--number=200",
    "--orientations=4",
    "--terms=free",
  ]);
  check(["--export-only", "--out=a", "--number=200", "--orientations=4", "--terms=free"]);
  check(["--resume", "--processes=2"]); // the checkpoint says which engine the run had
  check([...settled, ...ofTraining, "--engine=torch"]);
});

test("options that belong to another way of training are refused", () => {
  const check = (args: string[]) => {
    const bare = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    const made = withTrainOptions(bare).parse(args, { from: "user" });
    refuseIgnored(made, made.opts());
  };
  const look = ["--look=natural", "--engine=torch", "--init=models/made"];
  const calls: [args: string[], message: RegExp][] = [
    [["--identity=0.4"], /expected --identity with --look/],
    [["--carry=a"], /expected --carry with --look/],
    [[...look, "--keep=0.2"], /expected --keep with --carry/],
    [["--recipe=a", "--critic=1"], /expected --critic with --look/],
    [["--recipe=a", "--seed=1"], /expected --recipe without --seed, which the recipe has/],
    [["--recipe=a", ...look], /expected --recipe without --look/],
    [["--data=a"], /expected --data with --recipe/],
    [["--processes=2"], /expected --processes with --engine torch/],
    [["--processes=2", "--resume", "--engine=tfjs"], /expected --processes with --engine torch/],
    [["--recipe=a", "--export-only", "--processes=2"], /expected --export-only without --processes/],
    [[...look, "--domain=made"], /expected --look without --domain/],
    [[...look, "--resume"], /expected --look without --resume/],
    [[...look, "--flat=0.5"], /expected --look without --flat/],
  ];
  for (const [args, message] of calls) assert.throws(() => check(args), { exitCode: 2, message });
  check([
    ...look,
    "--identity=0.4",
    "--critic=0.1",
    "--carry=a",
    "--lr=2e-4",
    "--samples=9",
    "--seed=2",
    "--sizes=64",
  ]);
  check(["--recipe=a", "--data=b", "--engine=torch", "--processes=2"]);
});
