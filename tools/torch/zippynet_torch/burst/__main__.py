"""`burst.sh pack` and `burst.sh train`."""

from __future__ import annotations

import argparse
import glob
import json
import os
import shutil
import sys
import tarfile
import tempfile

import torch
from torch import Tensor

from .. import train as trainer
from ..checkpoint import read_checkpoint, write_checkpoint
from ..data import USUAL_SIZES, centred, evenly
from ..layout import layout, views
from ..model import in_8_bits
from ..safetensors import read_safetensors, write_safetensors
from ..soap import new_state
from .images import read_images, write_images

FOR_IMAGES = 0.97  # share of the room beside the weights that images may take
HELD_OUT = 64  # images of each set
GPU_BATCH = 256  # images of 42×42 a step by default, where there is a GPU; steps count for more than their size


def pack(arguments: list[str]) -> None:
    """Averaged weights, images of `side` pixels, as many as there is room for, and this package."""
    parser = argparse.ArgumentParser(prog="burst.sh pack", description=pack.__doc__)
    parser.add_argument("run", help="folder of a run: checkpoint.safetensors and packs")
    parser.add_argument("side", type=int, help="pixels a side of the images")
    parser.add_argument("archive")
    parser.add_argument("--most", type=float, default=30, help="megabytes of the archive (default: 30)")
    parser.add_argument("--webp", type=int, help="images as WebP of this quality, by Pillow (default: without loss)")
    options = parser.parse_args(arguments)
    largest = int(options.most * 1e6)
    plan, progress, state = read_checkpoint(os.path.join(options.run, "checkpoint.safetensors"))
    paths = sorted(glob.glob(os.path.join(options.run, "packs", "*.safetensors")))
    if len(paths) != len(plan["folders"]):
        count = len(plan["folders"])
        raise SystemExit(f"expected a pack of each of {count} folders in {options.run}/packs, got {len(paths)}")
    with tempfile.TemporaryDirectory() as folder:
        write_safetensors(os.path.join(folder, "weights.safetensors"), small(plan["architecture"], state["average"]))
        with open(os.path.join(folder, "run.json"), "w") as file:
            json.dump({"plan": plan, "samples": progress["samples"]}, file)
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        ignore = shutil.ignore_patterns("__pycache__", "peer")
        shutil.copytree(package, os.path.join(folder, "zippynet_torch"), ignore=ignore)
        for i, path in enumerate(paths):
            room = (largest - size_of(folder)) * FOR_IMAGES / (len(paths) - i)
            sets = {name: scaled(images, options.side) for name, images in read_safetensors(path).items()}
            sets["held_out"] = evenly(sets["held_out"], HELD_OUT)
            write_images(os.path.join(folder, f"{i}"), sets, int(room), options.webp)
        with tarfile.open(options.archive, "w") as tar:
            for name in sorted(os.listdir(folder)):
                tar.add(os.path.join(folder, name), name)
    size = os.path.getsize(options.archive)
    if size > largest:
        raise SystemExit(f"expected an archive of at most {largest} bytes, got {size}")


def small(architecture: dict, average: Tensor) -> dict[str, Tensor]:
    """Weights by name: kernels of the transforms in the 8 bits of an export and their scales, the others in 16."""
    weights = views(layout(architecture), average)
    tensors = {}
    for name, tensor in weights.items():
        if name.startswith(("g_a.", "g_s.")) and name.endswith(".kernel"):
            whole, scale = in_8_bits(tensor, weights[f"{name.removesuffix('.kernel')}.bias"])
            tensors[name], tensors[f"{name}.scale"] = whole.to(torch.int8), scale
        else:
            tensors[name] = tensor.half()
    return tensors


def restored(architecture: dict, tensors: dict[str, Tensor]) -> Tensor:
    """The vector of weights that `small` packed."""
    parts = [tensors[slot.name].float() * tensors.get(f"{slot.name}.scale", 1) for slot in layout(architecture)]
    return torch.cat([part.flatten() for part in parts])


def size_of(folder: str) -> int:
    """Bytes of a folder's files, in a tar's blocks."""
    files = [os.path.join(where, name) for where, _, names in os.walk(folder) for name in names]
    return sum(os.path.getsize(file) + 2048 for file in files) + 20480


def scaled(images: Tensor, side: int) -> Tensor:
    """[n, side, side, 3] of 8 bits; images that are smaller stay as they are."""
    if images.shape[1] <= side or len(images) == 0:
        return images
    parts = [centred(part, side) for part in images.split(256)]
    return ((torch.cat(parts) + 0.5) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def train(folder: str, minutes: str, out: str, further: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="burst.sh train", description=__doc__)
    parser.add_argument("--lr", type=float, help="peak learning rate (default: the run's)")
    usual = f"default: {GPU_BATCH}, without a GPU the run's"
    parser.add_argument("--batch", type=int, help=f"images of 42×42 a step ({usual})")
    options, rest = parser.parse_known_args(further)
    with open(os.path.join(folder, "run.json")) as file:
        plan = {**json.load(file)["plan"], "engine": "torch"}
    paths, sides = [], []
    for i in range(len(plan["folders"])):
        sets = read_images(os.path.join(folder, f"{i}"))
        sides.append(sets["train"].shape[1])
        paths.append(os.path.join(folder, f"{i}.safetensors"))
        write_safetensors(paths[-1], sets)
    gpu = torch.cuda.is_available()
    sampling = plan["sampling"]
    sizes = [each for each in sampling.get("sizes") or USUAL_SIZES if each[0] <= min(sides)]
    sampling["sizes"] = sizes or [[min(sides), 1]]
    if options.batch or gpu:
        sampling["batch"] = options.batch or GPU_BATCH
    if options.lr:
        plan["rate"] = options.lr
    vector = restored(plan["architecture"], read_safetensors(os.path.join(folder, "weights.safetensors")))
    progress = {"samples": 0, "seconds": 0, "random": plan["seed"]}
    os.makedirs(out, exist_ok=True)
    state = new_state(layout(plan["architecture"]), vector)
    write_checkpoint(os.path.join(out, "checkpoint.safetensors"), plan, progress, state)
    arguments = [out, "--minutes", minutes, "--checkpoint-minutes", "1", "--evaluate-minutes", "4"]
    arguments += [part for path in paths for part in ("--data", path)]
    arguments += ["--held-out-sizes", ",".join(str(size) for size, _ in sampling["sizes"][:2])]
    trainer.main([*arguments, *rest])


if __name__ == "__main__":
    command, *given = sys.argv[1:]
    if command == "pack":
        pack(given)
    else:
        train(given[0], given[1], given[2], given[3:])
