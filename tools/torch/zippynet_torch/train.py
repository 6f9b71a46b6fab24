"""Goes on with a run from its checkpoint: `python -m zippynet_torch.train RUN --data PACK --minutes 30`.

`zippynet train --engine torch` calls this, `--processes` several of it, which share each step's batch. So does
`torchrun`, on several machines.
"""

from __future__ import annotations

import argparse
import math
import os

import torch
from torch import Tensor

from .checkpoint import write_checkpoint
from .data import Sampler, Sampling, batch_size, centred, evenly
from .graphs import Graphed
from .layout import STRIDE, views
from .model import Codec, level_of, loss_of, rate_loss_of
from .run import Loop, Run, run_parser
from .soap import Soap
from .workers import Workers

FLAT = 0.4  # share of a run at the peak of the learning rate, by default
WARM_UP = 200  # steps over which the learning rate rises
REPORT_SECONDS = 10
HELD_OUT_QUALITIES = (10, 40, 70, 100)
MOST_HELD_OUT = 128


def learning_rate(peak: float, step: int, done: float, flat: float) -> float:
    """A short rise, flat for a share of the run, then a cosine to 0."""
    rise = min(1.0, (step + 1) / WARM_UP)
    fall = 1.0 if done < flat else (1 + math.cos(math.pi * (min(1.0, done) - flat) / (1 - flat))) / 2
    return peak * rise * fall


class Trainer:
    """A model in training: codec, optimiser, precision."""

    def __init__(self, plan: dict, state: dict, device: torch.device, bfloat16: bool, workers: Workers) -> None:
        self.codec = Codec(plan["architecture"])
        self.optimiser = Soap(self.codec.slots, state, device, torch.bfloat16 if bfloat16 else torch.float32)
        self.plan, self.device, self.bfloat16, self.workers = plan, device, bfloat16, workers
        self.gradient = Graphed(self._gradient) if device.type == "cuda" else self._gradient

    def _gradient(self, x: Tensor, levels: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """Loss of a batch and its gradient, one vector as the optimiser's are."""
        weights = views(self.optimiser.slots, self.optimiser.parameters.detach())
        # leaves of their own: the gradient of a slice would be as long as the vector
        leaves = {name: weight.requires_grad_() for name, weight in weights.items()}
        loss = self.loss(leaves, x, levels, noise)
        gradients = torch.autograd.grad(loss, list(leaves.values()), materialize_grads=True)
        return loss.detach(), torch.cat([each.flatten() for each in gradients])

    def loss(self, weights: dict[str, Tensor], x: Tensor, levels: Tensor, noise: Tensor | None) -> Tensor:
        pixels = x.shape[2] * x.shape[3]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            if self.plan.get("only") == "prior":
                with torch.no_grad():
                    y = self.codec.analyse(weights, x, levels)
                return rate_loss_of(self.codec.code(weights, y, levels, None)[1], levels, pixels)
            return loss_of(self.codec.run(weights, x, levels, noise), levels, pixels)

    def step(self, x: Tensor, levels: Tensor, noise: Tensor | None, rate: float) -> tuple[float, float]:
        """One step of gradient descent; loss and norm of the gradient."""
        loss, gradient = self.gradient(x, levels, noise)
        norm = self.optimiser.step(self.workers.mean(gradient), rate)
        return float(loss), norm

    def noise(self, x: Tensor, random: torch.Generator) -> Tensor | None:
        """Uniform in ±½, one a latent; none where the bits of rounded latents are minimised."""
        if self.plan.get("bits") == "rounded":
            return None
        rows, columns = (-(-length // STRIDE) for length in x.shape[2:])
        shape = (len(x), self.codec.architecture["latentChannels"], rows, columns)
        return torch.rand(shape, generator=random, device=self.device) - 0.5

    @torch.no_grad()
    def evaluate(self, images: Tensor, sizes: list[int]) -> list[dict]:
        """What the averaged weights make of held-out images; means of estimated bytes and of PSNR."""
        weights = views(self.optimiser.slots, self.optimiser.average)
        images = evenly(images, MOST_HELD_OUT)
        points = []
        for size in sizes if len(images) else []:
            pictures = centred(images, size)
            for quality in HELD_OUT_QUALITIES:
                bits, decibels = 0.0, 0.0
                for x in pictures.split(batch_size(size, 64)):
                    levels = torch.full((len(x),), level_of(quality), device=self.device)
                    with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
                        outcome = self.codec.run(weights, x, levels, None)
                    bits += float(outcome.bits.sum())
                    decibels += float(psnr(x, outcome.x_hat).sum())
                n = len(images)
                points.append({"size": size, "quality": quality, "bytes": bits / 8 / n, "psnr": decibels / n})
        return points


def psnr(x: Tensor, x_hat: Tensor) -> Tensor:
    """[n]: PSNR of 8-bit pixels in decibels, as `src/train/holdout.ts` has it.

    x: [n, 3, height, width] from −½ to ½, whole levels
    """
    levels, decoded = (x * 255 + 127.5).round(), (x_hat * 255 + 127.5).round().clamp(0, 255)
    error = (levels - decoded).square().sum((1, 2, 3)).clamp_min(1)  # of equal pictures it would be infinite
    return 10 * (255**2 * x[0].numel() / error).log10()


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = run_parser("zippynet_torch.train", __doc__)
    parser.add_argument("--held-out-sizes", default="42,64", help="sides at which the held-out images are looked at")
    parser.add_argument("--threads", type=int, help="threads of the CPU (default: PyTorch's)")
    return parser.parse_args(arguments)


class TrainingRun(Loop):
    """A run of a trainer, from where its checkpoint stood."""

    def __init__(self, trainer: Trainer, run: Run, options: argparse.Namespace) -> None:
        samples, seconds = run.progress["samples"], run.progress["seconds"]
        super().__init__(options, samples, seconds, REPORT_SECONDS, trainer.device, trainer.workers)
        self.trainer, self.sets, self.begun_with = trainer, run.sets, run.progress["random"]
        steps = trainer.optimiser.step_count
        seed = (self.begun_with + steps * self.workers.count + self.workers.rank) % 2**32
        self.sampler = Sampler(run.packs, Sampling.of(run.plan), seed)
        self.random = torch.Generator(trainer.device).manual_seed(seed ^ 0x5EED)
        self.sizes = [int(size) for size in options.held_out_sizes.split(",")]
        self.skipped = 0

    def rate(self, done: float) -> float:
        plan = self.trainer.plan
        return learning_rate(plan["rate"], self.trainer.optimiser.step_count, done, plan.get("flat", FLAT))

    def step(self) -> tuple[int, dict[str, float] | None]:
        x, levels = self.sampler.next()
        loss, norm = self.trainer.step(x, levels, self.trainer.noise(x, self.random), self.rate(self.used()))
        if math.isfinite(norm):
            return len(x), {"loss": loss, "norm": norm}
        self.skipped += 1
        return len(x), None

    def line(self) -> dict:
        done, means = min(1.0, self.used()), self.since.means()
        return {
            "step": self.trainer.optimiser.step_count,
            "samples": self.samples,
            "seconds": self.seconds,
            "secondsLeft": self.seconds * (1 - done) / done if done > 0 else None,
            "done": done,
            "imagesPerSecond": self.since.images_per_second(),
            "rate": self.rate(done),
            "loss": means.get("loss"),
            "norm": means.get("norm"),
            "skipped": self.skipped,
        }

    def held_out(self) -> list[dict]:
        return [
            {"set": name, **point}
            for name, pack in self.sets
            for point in self.trainer.evaluate(pack.held_out, self.sizes)
        ]

    def save(self) -> None:
        progress = {"samples": self.samples, "seconds": self.seconds, "random": self.begun_with}
        path = os.path.join(self.options.run, "checkpoint.safetensors")
        write_checkpoint(path, self.trainer.plan, progress, self.trainer.optimiser.state())


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    run = Run.open(options)
    workers = Workers.join(run.device)
    trainer = Trainer(run.plan, run.state, run.device, run.bfloat16, workers)
    train(TrainingRun(trainer, run, options))
    workers.leave()


def train(run: TrainingRun) -> None:
    """Until the budget is used or a signal comes; leaves a checkpoint either way."""
    run.go()
    run.workers.check_same(run.trainer.optimiser.parameters)
    run.end()


if __name__ == "__main__":
    main()
