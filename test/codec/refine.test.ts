import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Budget, metered } from "../../src/codec/budget.ts";
import { decodeImage } from "../../src/codec/decode.ts";
import { encodeImage } from "../../src/codec/encode.ts";
import { stepOfLatent } from "../../src/codec/entropy/context-model.ts";
import { UPRIGHT } from "../../src/codec/image.ts";
import type { Model } from "../../src/codec/model.ts";
import { latentSize } from "../../src/codec/network/architecture.ts";
import { analyse, withGain } from "../../src/codec/network/autoencoder.ts";
import { lambdaOf } from "../../src/codec/rate-distortion.ts";
import { goalOf, relaxedFor, weighedBy } from "../../src/codec/rdo/objective.ts";
import { refined } from "../../src/codec/rdo/refine.ts";
import { LocalDistortion } from "../../src/codec/rdo/relaxation.ts";
import { seededRandom } from "../../src/codec/rdo/sga.ts";
import { analysisOf, inSteps, type Trial, trialOf, tryLatents } from "../../src/codec/rdo/trials.ts";
import { encodePicture } from "../../src/image/encode.ts";
import { faces, madePicture, photographs } from "./support.ts";

/** Of four slices of two passes. */
const LAST_STEP = 7;

let model: Model;

before(async () => {
  model = await faces();
});

test("no effort's loss is above those of 0 and 1, higher ones have less between them, and the search pays", async () => {
  const images = (await photographs(64)).slice(0, 2);
  for (const quality of [30, 70]) {
    const lambdas = images.map((image) => encodeImage(model, image, quality, 1).lambda);
    const losses = [0, 1, 2, 3].map((effort) => {
      const encoded = images.map((image) => encodeImage(model, image, quality, effort));
      const decoded = encoded.map(({ file }) => decodeImage(model, file));
      return encoded.map(({ estimatedBits }, i) => {
        let sse = 0;
        images[i]!.data.forEach((value, at) => {
          sse += (value - decoded[i]!.data[at]!) ** 2;
        });
        return estimatedBits + lambdas[i]! * sse;
      });
    });
    for (const [i] of images.entries()) {
      const row = losses.map((ofEffort) => ofEffort[i]!);
      assert.ok(row[1]! <= row[0]! + 1e-6, row.join(" "));
      for (const searched of row.slice(2)) assert.ok(searched <= row[1]! + 1e-6, row.join(" "));
      assert.ok(row[2]! < 0.99 * row[1]!, `moves of symbols, quality ${quality}: ${row.join(" ")}`);
      assert.ok(row.at(-1)! < 0.98 * row[0]!, `quality ${quality}: ${row.join(" ")}`);
    }
    const [moved, descended] = losses.slice(2).map((ofEffort) => ofEffort.reduce((sum, loss) => sum + loss));
    assert.ok(descended! < moved!, `quality ${quality}: ${losses.join(" ")}`);
  }
});

test("the same picture gives the same file, each time it is encoded", async () => {
  const images = (await photographs(16)).slice(0, 3);
  const wish = { target: { kind: "quality", quality: 50 }, effort: 2, classical: false } as const;
  const together = await Promise.all(images.map((image) => encodePicture([model], image, wish)));
  for (const [i, image] of images.entries()) {
    assert.deepEqual(await encodePicture([model], image, wish), together[i]);
  }
});

test("pictures too large to be searched, grey ones and those of one position are encoded as ever", () => {
  const large = madePicture(264, 256, 0);
  assert.deepEqual(encodeImage(model, large, 10, 9), encodeImage(model, large, 10, 0));
  for (const image of [madePicture(8, 8, 1), madePicture(17, 9, 0, true)]) {
    const { file } = encodeImage(model, image, 60, 2);
    assert.equal(decodeImage(model, file).width, image.width);
  }
});

test("bits and squared errors fall along their gradients as fast as these say", async () => {
  const [quality, side] = [60, 48];
  const image = (await photographs(side))[0]!;
  // away from where they are: latents that say nothing lie on their means, where bits have a kink
  const y = withGain(model, analyse(model, image), quality).map(
    (value, i) => value + 0.4 * Math.sin(i * 7.13),
  );
  const { prior, synthesis } = relaxedFor(model, image);
  const goal = goalOf(model, image, quality, weighedBy(1));
  const asIs = (residual: number) => ({ symbol: residual, slope: 1 });
  const code = (values: Float32Array) => prior.code(values, goal.level, asIs);
  const cases = [
    { value: (at: Float32Array) => code(at).bits, gradient: code(y).back(new Float32Array(y.length)) },
    {
      value: (at: Float32Array) => synthesis.distortion(goal, at).sse,
      gradient: synthesis.distortion(goal, y).gradient,
    },
  ];
  for (const { value, gradient } of cases) {
    const steepness = gradient.reduce((sum, slope) => sum + slope * slope, 0);
    const step = (0.02 * value(y)) / steepness;
    const along = (share: number) => value(y.map((at, i) => at + share * step * gradient[i]!));
    const found = (along(1) - along(-1)) / (2 * step);
    assert.ok(Math.abs(found / steepness - 1) < 0.15, `${found} ${steepness}`);
  }
});

test("gradient and curvature predict how the squared error changes near latents", async () => {
  const [quality, image] = [60, (await photographs(48))[0]!];
  const trial = trialOf(model, analysisOf(model, image, UPRIGHT), quality);
  const { synthesis } = relaxedFor(model, image);
  const goal = goalOf(model, image, quality, weighedBy(1));
  const at = inSteps(trial);
  const near = new LocalDistortion(synthesis, goal, at, synthesis.curvature(goal, at, seededRandom(3)));
  const sseAt = (yHat: Float32Array) => synthesis.distortion(goal, yHat).sse;
  let [expected, found, bends] = [0, 0, 0];
  for (let i = 5; i < at.length; i += 97) {
    const [above, below] = [at.slice(), at.slice()];
    above[i]! += 0.5;
    below[i]! -= 0.5;
    assert.ok(Math.abs(near.change(above) - near.changeOf(i, 0.5)) < 1e-3);
    expected += near.changeOf(i, 0.5) + near.changeOf(i, -0.5);
    found += sseAt(above) + sseAt(below) - 2 * sseAt(at);
    bends += (near.gradient(above)[i]! - near.gradient(below)[i]!) / 4;
  }
  // the network has kinks, which bend the error more than its slopes do
  assert.ok(expected / found > 0.5 && expected / found < 1.3, `${expected} ${found}`);
  assert.ok(Math.abs(expected / bends - 1) < 1e-3, `${expected} ${bends}`);
});

test("after a move the prior runs from the step of the move on, and says what it would say from the start", async () => {
  const [quality, image] = [60, (await photographs(48))[0]!];
  const budget = new Budget({});
  const counted = metered(model, budget);
  const cost = (of: () => Trial): [Trial, number] => {
    const before = budget.spent;
    return [of(), budget.spent - before];
  };
  const trial = trialOf(counted, analysisOf(counted, image, UPRIGHT), quality);
  const shape = latentSize(image.width, image.height);
  for (const at of [0, 17, 30, 64 + 50, trial.yHat.length - 1]) {
    const y = inSteps(trial);
    y[at]! += 1;
    const step = stepOfLatent(model.architecture, shape, at);
    const known = trial.priorOutputs.slice(0, step + 1);
    const [whole, full] = cost(() => tryLatents(counted, trial.analysis, y, quality));
    const [rest, less] = cost(() => tryLatents(counted, trial.analysis, y, quality, known));
    assert.deepEqual(rest.yHat, whole.yHat);
    assert.equal(rest.bits, whole.bits);
    assert.notDeepEqual(rest.yHat, trial.yHat);
    assert.ok(
      step === LAST_STEP ? less === 0 : less < full * (1 - step / (LAST_STEP + 1)),
      `${at}: ${less / full}`,
    );
  }
});

test("of 96 moves few are decoded, and many of those are kept", async () => {
  const [quality, image] = [60, (await photographs(48))[0]!];
  const start = trialOf(model, analysisOf(model, image, UPRIGHT), quality);
  const loss = weighedBy(lambdaOf(quality));
  let [decoded, kept, least] = [0, 0, loss.of(start)];
  const onDecoded = (trial: Trial): void => {
    decoded++;
    if (loss.of(trial) >= least) return;
    kept++;
    least = loss.of(trial);
  };
  const best = refined(model, start, loss, 2, { onDecoded });
  assert.equal(loss.of(best), least);
  assert.ok(decoded < 72 && kept > decoded / 4, `${decoded} ${kept}`);
});

test("effort is 0–9", () => {
  for (const effort of [-1, 10, 0.5, Number.NaN]) {
    assert.throws(
      () => encodeImage(model, madePicture(8, 8, 0), 50, effort),
      /expected an effort of 0–9, got/,
    );
  }
});
