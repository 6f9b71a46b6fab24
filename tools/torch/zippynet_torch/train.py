"""Goes on with a run from its checkpoint: `python -m zippynet_torch.train RUN --data PACK --minutes 30`.

`zippynet train --engine torch` calls this, `--processes` several of it, which share each step's batch. So does
`torchrun`, on several machines.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import time
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from .checkpoint import read_checkpoint, write_checkpoint
from .data import Pack, Sampler, Sampling, batch_size, centred, evenly, read_pack
from .graphs import Graphed
from .layout import STRIDE, views
from .model import Codec, level_of, loss_of, rate_loss_of
from .soap import Soap

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


@dataclass(frozen=True)
class Workers:
    """The processes that train together, and this one's place among them."""

    rank: int
    count: int

    @staticmethod
    def join(device: torch.device) -> "Workers":
        if "RANK" not in os.environ:
            return Workers(0, 1)
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return Workers(dist.get_rank(), dist.get_world_size())

    def means(self, numbers: list[float], device: torch.device) -> list[float]:
        """What all agree on, to the last bit, where each has numbers of its own."""
        if self.count == 1:
            return numbers
        return self.mean(torch.tensor(numbers, dtype=torch.float64, device=device)).tolist()

    def mean(self, vector: Tensor) -> Tensor:
        if self.count > 1:
            dist.all_reduce(vector)
            vector /= self.count
        return vector

    def check_same(self, vector: Tensor) -> None:
        """Raises if the processes do not have the same vector."""
        if self.count > 1:
            low, high = vector.clone(), vector.clone()
            dist.all_reduce(low, dist.ReduceOp.MIN)
            dist.all_reduce(high, dist.ReduceOp.MAX)
            if not torch.equal(low, high):
                raise RuntimeError(f"expected the same weights in {self.count} processes, got other ones")


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


def shared_parser(prog: str, description: str | None) -> argparse.ArgumentParser:
    """The arguments of every trainer here: run, data, budget, device, and how often it reports and saves."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("run", help="folder with checkpoint.safetensors; log.jsonl is appended to")
    once = "images of a folder of the plan; once each"
    parser.add_argument("--data", action="append", required=True, metavar="PACK", help=once)
    budget = parser.add_mutually_exclusive_group(required=True)
    budget.add_argument("--minutes", type=float, help="of training; those before this start count")
    budget.add_argument("--samples", type=int, help="images to train on, repeats counted")
    usual = "default: bfloat16 where the device has it"
    parser.add_argument("--precision", choices=("bfloat16", "float32"), help=usual)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--checkpoint-minutes", type=float, default=5)
    parser.add_argument("--evaluate-minutes", type=float, default=10)
    return parser


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = shared_parser("zippynet_torch.train", __doc__)
    parser.add_argument("--held-out-sizes", default="42,64", help="sides at which the held-out images are looked at")
    parser.add_argument("--threads", type=int, help="threads of the CPU (default: PyTorch's)")
    return parser.parse_args(arguments)


@dataclass
class Run:
    """What a run's folder and the command line say."""

    plan: dict
    progress: dict
    state: dict  # the optimiser's
    packs: list[Pack]
    device: torch.device
    bfloat16: bool

    @staticmethod
    def open(options: argparse.Namespace) -> "Run":
        torch.set_flush_denormal(True)  # moments of weights that hardly matter would slow the processor down
        device = device_of(options.device)
        plan, progress, state = read_checkpoint(os.path.join(options.run, "checkpoint.safetensors"))
        packs = [read_pack(pack, device) for pack in options.data]
        if len(packs) != len(plan["folders"]):
            raise SystemExit(f"expected --data for each of {', '.join(plan['folders'])}, got {len(packs)}")
        bfloat16 = options.precision == "bfloat16" if options.precision else has_bfloat16(device)
        return Run(plan, progress, state, packs, device, bfloat16)

    @property
    def sets(self) -> list[str]:
        """Names of the folders."""
        return [os.path.basename(folder) for folder in self.plan["folders"]]


def device_of(name: str) -> torch.device:
    """A device by its name; each process of a machine has a GPU of its own."""
    device = torch.device(name)
    place = int(os.environ.get("LOCAL_RANK", 0))
    if device.type == "cuda" and device.index is None and place > 0:
        count = torch.cuda.device_count()
        if place >= count:
            raise SystemExit(f"expected a GPU for each process, got {count} for {place + 1} or more")
        torch.cuda.set_device(place)
    return device


def stopped_by_signals() -> list[bool]:
    """A list that is no longer empty once the run is to end."""
    stop: list[bool] = []
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.append(True))
    return stop


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    run = Run.open(options)
    workers = Workers.join(run.device)
    trainer = Trainer(run.plan, run.state, run.device, run.bfloat16, workers)
    train(trainer, run, options)
    if workers.count > 1:
        dist.destroy_process_group()


def has_bfloat16(device: torch.device) -> bool:
    """Whether products in bfloat16 are quicker than in float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def train(trainer: Trainer, run: Run, options: argparse.Namespace) -> None:
    """Until the budget is used or a signal comes; leaves a checkpoint either way."""
    workers, optimiser, progress, packs = trainer.workers, trainer.optimiser, run.progress, run.packs
    seed = (progress["random"] + optimiser.step_count * workers.count + workers.rank) % 2**32
    sampler = Sampler(packs, Sampling.of(trainer.plan), seed)
    random = torch.Generator(trainer.device).manual_seed(seed ^ 0x5EED)
    sizes = [int(size) for size in options.held_out_sizes.split(",")]
    peak, flat = trainer.plan["rate"], trainer.plan.get("flat", FLAT)
    samples, seconds, skipped = progress["samples"], progress["seconds"], 0
    stop = stopped_by_signals()

    def used() -> float:
        if options.minutes is None:
            return samples / options.samples if options.samples > 0 else 1.0
        return seconds / (60 * options.minutes)

    since = {"samples": 0, "seconds": 0.0, "steps": 0, "loss": 0.0, "norm": 0.0}

    def held_out() -> list[dict]:
        return [
            {"set": name, **point}
            for name, pack in zip(run.sets, packs)
            for point in trainer.evaluate(pack.held_out, sizes)
        ]

    def report(points: list[dict] | None = None) -> None:
        done = min(1.0, used())
        line = {
            "step": optimiser.step_count,
            "samples": samples,
            "seconds": seconds,
            "secondsLeft": seconds * (1 - done) / done if done > 0 else None,
            "done": done,
            "imagesPerSecond": since["samples"] / since["seconds"] if since["seconds"] else None,
            "rate": learning_rate(peak, optimiser.step_count, done, flat),
            "loss": since["loss"] / since["steps"] if since["steps"] else None,
            "norm": since["norm"] / since["steps"] if since["steps"] else None,
            "skipped": skipped,
        }
        if points is not None:
            line["heldOut"] = points
        for key in since:
            since[key] = 0
        if workers.rank == 0:
            with open(os.path.join(options.run, "log.jsonl"), "a") as log:
                log.write(json.dumps(line) + "\n")
            print(json.dumps(line), flush=True)

    def checkpoint() -> None:
        if workers.rank == 0:
            now = {"samples": samples, "seconds": seconds, "random": progress["random"]}
            write_checkpoint(os.path.join(options.run, "checkpoint.safetensors"), trainer.plan, now, optimiser.state())

    checkpoint_at = seconds + options.checkpoint_minutes * 60
    evaluate_at = seconds + options.evaluate_minutes * 60
    stopped = 0.0
    while used() < 1 and stopped == 0:
        began = time.perf_counter()
        x, levels = sampler.next()
        rate = learning_rate(peak, optimiser.step_count, used(), flat)
        loss, norm = trainer.step(x, levels, trainer.noise(x, random), rate)
        took = time.perf_counter() - began
        # one clock for all: where learning rates differ, weights drift apart
        took, images, stopped = workers.means([took, len(x), bool(stop)], trainer.device)
        seconds += took
        samples += round(images * workers.count)
        since["samples"] += round(images * workers.count)
        since["seconds"] += took
        if math.isfinite(norm):
            since["steps"] += 1
            since["loss"] += loss
            since["norm"] += norm
        else:
            skipped += 1
        if seconds >= evaluate_at:
            evaluate_at = seconds + options.evaluate_minutes * 60
            report(held_out())
        elif since["seconds"] >= REPORT_SECONDS:
            report()
        if seconds >= checkpoint_at:
            checkpoint_at = seconds + options.checkpoint_minutes * 60
            checkpoint()
    workers.check_same(optimiser.parameters)
    checkpoint()
    report(held_out() if used() >= 1 else None)


if __name__ == "__main__":
    main()
