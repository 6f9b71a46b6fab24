"""
Whether the peer's files decode to the same picture elsewhere: `python -m zippynet_torch.peer.portable FOLDER --data P`.

Encodes held-out pictures of the pack P as `serve` does, then decodes them with other arithmetic of the same networks,
as another machine, library or GPU would have it: without oneDNN, with two threads, in products of bfloat16, in float64.
One line of JSON each: the share of files whose pixels are not the same, and of those that come apart (under 30 dB
against the right picture), which happens where a scale falls on the other side of a table's border.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math

import torch
from compressai.models import MeanScaleHyperprior
from torch import Tensor

from ..data import centred, evenly, read_pack
from .hyperprior import LAMBDAS, decode, encode, open_models

APART = 30.0  # dB


@contextlib.contextmanager
def threads(count: int):
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    yield
    torch.set_num_threads(before)


@contextlib.contextmanager
def in_float64(models: list[MeanScaleHyperprior]):
    """The networks that predict scales and paint, not the coder's tables."""
    for model in models:
        for part in (model.h_s, model.g_s):
            part.double()
            part.register_forward_pre_hook(lambda _, x: (x[0].double(),))
            part.register_forward_hook(lambda _, x, y: y.float())
    yield


def psnr(a: Tensor, b: Tensor) -> float:
    error = float((a.float() - b.float()).square().mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def attempt(models: list[MeanScaleHyperprior], file: bytes, right: Tensor) -> float:
    """PSNR against the right picture; −∞ where the coder fails."""
    try:
        return psnr(decode(models, file), right)
    except Exception:  # noqa: BLE001 - a derailed coder fails in many ways
        return -math.inf


def main() -> None:
    parser = argparse.ArgumentParser(prog="zippynet_torch.peer.portable", description=__doc__)
    parser.add_argument("folder", help="of trained weights, see train.py")
    parser.add_argument("--data", required=True, metavar="PACK")
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--size", type=int, default=64)
    options = parser.parse_args()
    torch.set_num_threads(1)
    models = open_models(options.folder)
    images = evenly(read_pack(options.data, torch.device("cpu")).held_out, options.images)
    pictures = ((centred(images, options.size) + 0.5) * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    files = [encode(models, index, each) for each in pictures for index in range(len(LAMBDAS))]
    right = [decode(models, file) for file in files]
    settings = {
        "the same once more": contextlib.nullcontext(),
        "two threads": threads(2),
        "without oneDNN": torch.backends.mkldnn.flags(enabled=False),
        "bfloat16": torch.autocast("cpu", torch.bfloat16),
        "float64": in_float64(models),  # last: it stays so
    }
    for name, setting in settings.items():
        with setting:
            found = [attempt(models, file, picture) for file, picture in zip(files, right)]
        other = sum(level < math.inf for level in found) / len(found)
        apart = sum(level < APART for level in found) / len(found)
        print(json.dumps({"setting": name, "files": len(found), "otherPixels": other, "apart": apart}), flush=True)


if __name__ == "__main__":
    main()
