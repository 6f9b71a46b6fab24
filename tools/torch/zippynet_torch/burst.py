"""Minutes on a machine with a GPU and no network: what `burst.sh` calls."""

from __future__ import annotations

import argparse
import glob
import json
import lzma
import os
import shutil
import sys
import tarfile
import tempfile

import torch
from torch import Tensor

from . import train as trainer
from .checkpoint import read_checkpoint, write_checkpoint
from .data import USUAL_SIZES, centred
from .layout import layout, views
from .safetensors import read_safetensors, to_bytes, write_safetensors
from .soap import new_state

LARGEST = 30 * 10**6  # bytes of an archive
FOR_IMAGES = 0.97  # share of the room beside the weights that images may take
HELD_OUT = 64  # images of each set
SAMPLE = 200  # images by which the size of one is estimated
GPU_BATCH = 256  # images of 42×42 a step by default, where there is a GPU; steps count for more than their size


def pack(run: str, side: int, archive: str) -> None:
    """Averaged weights of 16 bits, images of `side` pixels, as many as there is room for, and this package."""
    plan, progress, state = read_checkpoint(os.path.join(run, "checkpoint.safetensors"))
    paths = sorted(glob.glob(os.path.join(run, "packs", "*.safetensors")))
    if len(paths) != len(plan["folders"]):
        raise SystemExit(f"expected a pack of each of {len(plan['folders'])} folders in {run}/packs, got {len(paths)}")
    with tempfile.TemporaryDirectory() as folder:
        weights = views(layout(plan["architecture"]), state["average"].half())
        write_safetensors(os.path.join(folder, "weights.safetensors"), weights)
        with open(os.path.join(folder, "run.json"), "w") as file:
            json.dump({"plan": plan, "samples": progress["samples"]}, file)
        package = os.path.dirname(os.path.abspath(__file__))
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(package, os.path.join(folder, "zippynet_torch"), ignore=ignore)
        room = (LARGEST - size_of(folder)) * FOR_IMAGES / len(paths)
        for i, path in enumerate(paths):
            sets = {name: scaled(images, side) for name, images in read_safetensors(path).items()}
            sets["held_out"] = thinned(sets["held_out"], HELD_OUT)
            compressed = fitting(sets["train"], sets["held_out"], int(room))
            with open(os.path.join(folder, f"{i}.xz"), "wb") as file:
                file.write(compressed)
        with tarfile.open(archive, "w") as tar:
            for name in sorted(os.listdir(folder)):
                tar.add(os.path.join(folder, name), name)
    size = os.path.getsize(archive)
    if size > LARGEST:
        raise SystemExit(f"expected an archive of at most {LARGEST} bytes, got {size}")


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


def thinned(images: Tensor, most: int) -> Tensor:
    """At most so many of the images, evenly spread."""
    if len(images) <= most:
        return images
    return images[torch.linspace(0, len(images) - 1, most).long()].contiguous()


def fitting(train: Tensor, held_out: Tensor, room: int) -> bytes:
    """Both sets compressed, with as many training images as fit."""
    tried = thinned(train, SAMPLE)
    each = len(compressed({"train": tried})) / max(1, len(tried))
    held = len(compressed({"held_out": held_out}))
    while True:
        train = thinned(train, max(1, int((room - held) / each)))
        data = compressed({"train": train, "held_out": held_out})
        if len(data) <= room or len(train) == 1:
            return data
        each *= 1.02 * len(data) / room


def compressed(sets: dict[str, Tensor]) -> bytes:
    """LZMA of the differences between neighbouring pixels."""
    head = json.dumps({name: list(images.shape) for name, images in sets.items()}).encode()
    body = b"".join(to_bytes(differences(images)) for images in sets.values())
    return lzma.compress(len(head).to_bytes(4, "little") + head + body, preset=1)


def decompressed(data: bytes) -> dict[str, Tensor]:
    data = bytearray(lzma.decompress(data))
    at = 4 + int.from_bytes(data[:4], "little")
    sets = {}
    for name, shape in json.loads(data[4:at]).items():
        size = torch.Size(shape).numel()
        images = torch.frombuffer(data, dtype=torch.uint8, count=size, offset=at) if size else torch.empty(0)
        sets[name] = sums(images.to(torch.uint8).view(shape))
        at += size
    return sets


def differences(images: Tensor) -> Tensor:
    """Differences of each pixel to the one above, then of these to the one on the left, modulo 256."""
    images = torch.cat([images[:, :1], images[:, 1:] - images[:, :-1]], 1)
    return torch.cat([images[:, :, :1], images[:, :, 1:] - images[:, :, :-1]], 2)


def sums(images: Tensor) -> Tensor:
    """The inverse of `differences`."""
    return images.cumsum(2, dtype=torch.int64).cumsum(1).remainder(256).to(torch.uint8)


def train(folder: str, minutes: str, out: str, further: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="burst.sh train", description=__doc__)
    parser.add_argument("--lr", type=float, help="peak learning rate (default: the run's)")
    parser.add_argument("--batch", type=int, help=f"images of 42×42 a step (default: {GPU_BATCH}, without a GPU the run's)")
    options, rest = parser.parse_known_args(further)
    with open(os.path.join(folder, "run.json")) as file:
        plan = json.load(file)["plan"]
    paths, sides = [], []
    for i in range(len(plan["folders"])):
        with open(os.path.join(folder, f"{i}.xz"), "rb") as file:
            sets = decompressed(file.read())
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
    weights = read_safetensors(os.path.join(folder, "weights.safetensors"))
    vector = torch.cat([weights[slot.name].float().flatten() for slot in layout(plan["architecture"])])
    progress = {"samples": 0, "seconds": 0, "random": plan["seed"]}
    os.makedirs(out, exist_ok=True)
    write_checkpoint(os.path.join(out, "checkpoint.safetensors"), plan, progress, new_state(layout(plan["architecture"]), vector))
    arguments = [out, "--minutes", minutes, "--checkpoint-minutes", "1", "--evaluate-minutes", "4"]
    arguments += [part for path in paths for part in ("--data", path)]
    arguments += ["--held-out-sizes", ",".join(str(size) for size, _ in sampling["sizes"][:2])]
    trainer.main([*arguments, *rest])


if __name__ == "__main__":
    command, *given = sys.argv[1:]
    if command == "pack":
        pack(given[0], int(given[1]), given[2])
    else:
        train(given[0], given[1], given[2], given[3:])
