"""
Trains the peer on packs of images: `python -m zippynet_torch.peer.train OUT --data faces.pack --samples 200000`.

The first half of the samples goes to a model of a middle λ; each of the λ then goes on from it with its share of the
rest, as CompressAI's own models of one kind differ in λ alone. Adam, λ · 255² · MSE + bits per pixel, gradients clipped
at 1, rates and loss by CompressAI's example; the rate falls to 0 by a cosine. The same command goes on where it
stopped.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time

import torch
from compressai.models import MeanScaleHyperprior
from torch import Tensor

from ..data import Sampler, Sampling, centred, evenly, read_pack
from ..workers import has_bfloat16
from .hyperprior import LAMBDAS, new_model, padded, weights_path

RATE, AUXILIARY_RATE, LARGEST_NORM = 3e-4, 1e-3, 1.0
FIRST = len(LAMBDAS) // 2  # of λ
FIRST_SHARE = 0.5  # of the samples
REPORT_SECONDS, CHECKPOINT_SECONDS = 60, 300
HELD_OUT = 64


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="zippynet_torch.peer.train", description=__doc__)
    parser.add_argument("out", help="folder of the weights and of log.jsonl")
    parser.add_argument("--data", action="append", required=True, metavar="PACK", help="images, from `zippynet train`")
    parser.add_argument("--shares", type=float, nargs="*", help="of each pack (default: by their images)")
    parser.add_argument("--cuts", nargs="*", help="of each pack: aligned or patches (default: aligned)")
    parser.add_argument("--sizes", type=int, nargs="*", default=[42, 64], help="sides of the samples")
    parser.add_argument("--samples", type=int, required=True, help="images to train on, repeats counted")
    parser.add_argument("--batch", type=int, default=16)
    return parser.parse_args(arguments)


def outcome(model: MeanScaleHyperprior, x: Tensor, bfloat16: bool) -> tuple[Tensor, Tensor]:
    """Bits a pixel and MSE (of 0 to 1) of images [n, 3, height, width]; only their own pixels count."""
    pixels = x.shape[0] * x.shape[2] * x.shape[3]
    precision = torch.autocast("cpu", torch.bfloat16, enabled=bfloat16)
    with precision:
        y = model.g_a(padded(x))
        z = model.h_a(y)
    z_hat, z_likelihoods = model.entropy_bottleneck(z.float())
    with precision:
        parameters = model.h_s(z_hat)
    scales, means = parameters.float().chunk(2, 1)
    y_hat, y_likelihoods = model.gaussian_conditional(y.float(), scales, means=means)
    with precision:
        x_hat = model.g_s(y_hat).float()[:, :, : x.shape[2], : x.shape[3]]
    bits = -(y_likelihoods.log2().sum() + z_likelihoods.log2().sum())
    return bits / pixels, (x_hat - x).square().mean()


@torch.no_grad()
def held_out(model: MeanScaleHyperprior, images: Tensor, sizes: list[int]) -> list[dict]:
    """Estimated bytes and mean PSNR of each size."""
    model.eval()
    points = []
    for size in sizes:
        each = [outcome(model, x, False) for x in (centred(images, size) + 0.5).split(1)]
        bytes_ = sum(float(bits) for bits, _ in each) * size**2 / 8 / len(each)
        psnr = sum(-10 * math.log10(float(mse)) for _, mse in each) / len(each)
        points.append({"size": size, "bytes": bytes_, "psnr": psnr})
    model.train()
    return points


def train(
    model: MeanScaleHyperprior, path: str, index: int, samples: int, sampler: Sampler, images: Tensor, options
) -> None:
    """Until so many samples are seen; leaves the weights at the path, and beside it until then where the run stands."""
    auxiliary = [weight for name, weight in model.named_parameters() if name.endswith(".quantiles")]
    others = [weight for name, weight in model.named_parameters() if not name.endswith(".quantiles")]
    parts = {
        "model": model,
        "optimiser": torch.optim.Adam(others, RATE),
        "auxiliary": torch.optim.Adam(auxiliary, AUXILIARY_RATE),
    }
    seen, seconds, checkpoint = 0, 0.0, f"{path}.part"
    if os.path.exists(checkpoint):
        state = torch.load(checkpoint, weights_only=True)
        seen, seconds = state["seen"], state["seconds"]
        for name, part in parts.items():
            part.load_state_dict(state[name])
    bfloat16 = has_bfloat16(torch.device("cpu"))
    report_at, checkpoint_at = seconds + REPORT_SECONDS, seconds + CHECKPOINT_SECONDS
    model.train()
    while seen < samples:
        began = time.monotonic()
        x = sampler.next()[0] + 0.5
        for group in parts["optimiser"].param_groups:
            group["lr"] = RATE * (1 + math.cos(math.pi * seen / samples)) / 2
        parts["optimiser"].zero_grad()
        parts["auxiliary"].zero_grad()
        rate, mse = outcome(model, x, bfloat16)
        (LAMBDAS[index] * 255**2 * mse + rate).backward()
        torch.nn.utils.clip_grad_norm_(others, LARGEST_NORM)
        parts["optimiser"].step()
        model.aux_loss().backward()
        parts["auxiliary"].step()
        seen += len(x)
        seconds += time.monotonic() - began
        if seconds > report_at:
            report_at = seconds + REPORT_SECONDS
            report(options.out, {"lambda": LAMBDAS[index], "samples": seen, "seconds": seconds})
        if seconds > checkpoint_at:
            checkpoint_at = seconds + CHECKPOINT_SECONDS
            states = {name: part.state_dict() for name, part in parts.items()}
            save({**states, "seen": seen, "seconds": seconds}, checkpoint)
    points = held_out(model, images, options.sizes)
    report(options.out, {"lambda": LAMBDAS[index], "samples": seen, "seconds": seconds, "heldOut": points})
    save(model.state_dict(), path)
    if os.path.exists(checkpoint):
        os.remove(checkpoint)


def save(state: dict, path: str) -> None:
    """Whole or not at all."""
    torch.save(state, f"{path}.new")
    os.replace(f"{path}.new", path)


def report(folder: str, line: dict) -> None:
    with open(os.path.join(folder, "log.jsonl"), "a") as log:
        log.write(json.dumps(line) + "\n")
    print(json.dumps(line), flush=True)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    torch.manual_seed(1)
    packs = [read_pack(pack, torch.device("cpu")) for pack in options.data]
    cuts = options.cuts or ["aligned"] * len(packs)
    sizes = [(size, 1 / len(options.sizes)) for size in options.sizes]
    usual = {"whole": 0.6, "colour": 0.08, "grey": 0.05}  # as our own portraits were drawn
    sampling = Sampling(cuts, sizes=sizes, batch=options.batch, shares=options.shares, **usual)
    sampler = Sampler(packs, sampling, 1)
    images = evenly(packs[0].held_out, HELD_OUT)
    os.makedirs(options.out, exist_ok=True)
    start = os.path.join(options.out, "start.pt")
    share = round(options.samples * (1 - FIRST_SHARE) / len(LAMBDAS))
    tasks = [(start, FIRST, round(options.samples * FIRST_SHARE))]
    tasks += [(weights_path(options.out, index), index, share) for index in range(len(LAMBDAS))]
    for path, index, samples in tasks:
        if os.path.exists(path):
            continue
        model = new_model()
        if path != start:
            model.load_state_dict(torch.load(start, weights_only=True))
        model.to(memory_format=torch.channels_last)
        train(model, path, index, samples, sampler, images, options)


if __name__ == "__main__":
    main()
