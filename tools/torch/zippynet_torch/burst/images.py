"""Images in an archive of few megabytes: without loss by LZMA, or more of them as WebP."""

from __future__ import annotations

import io
import json
import lzma
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

import torch
from torch import Tensor

from ..data import evenly
from ..safetensors import read_safetensors, to_bytes, write_safetensors

SAMPLE = 200  # images by which the size of one is estimated

Sets = dict[str, Tensor]  # `train` and `held_out`: [n, side, side, 3] of 8 bits


def write_images(path: str, sets: Sets, room: int, webp: int | None) -> None:
    """Writes path.xz, or path.webp of a quality: the held-out images, and as many others as there is room for."""
    if webp is None:
        with open(f"{path}.xz", "wb") as file:
            file.write(_fitting(sets["train"], sets["held_out"], room))
    else:
        write_safetensors(f"{path}.webp", _fitting_webp(sets, room, webp))


def read_images(path: str) -> Sets:
    if os.path.exists(f"{path}.webp"):
        return _read_webp(read_safetensors(f"{path}.webp"))
    with open(f"{path}.xz", "rb") as file:
        return _decompressed(file.read())


def _fitting(train: Tensor, held_out: Tensor, room: int) -> bytes:
    tried = evenly(train, SAMPLE)
    each = len(_compressed({"train": tried})) / max(1, len(tried))
    held = len(_compressed({"held_out": held_out}))
    while True:
        train = evenly(train, max(1, int((room - held) / each)))
        data = _compressed({"train": train, "held_out": held_out})
        if len(data) <= room or len(train) == 1:
            return data
        each *= 1.02 * len(data) / room


def _compressed(sets: Sets) -> bytes:
    """LZMA of the differences between neighbouring pixels."""
    head = json.dumps({name: list(images.shape) for name, images in sets.items()}).encode()
    body = b"".join(to_bytes(_differences(images)) for images in sets.values())
    return lzma.compress(len(head).to_bytes(4, "little") + head + body, preset=1)


def _decompressed(data: bytes) -> Sets:
    data = bytearray(lzma.decompress(data))
    at = 4 + int.from_bytes(data[:4], "little")
    sets = {}
    for name, shape in json.loads(data[4:at]).items():
        size = torch.Size(shape).numel()
        images = torch.frombuffer(data, dtype=torch.uint8, count=size, offset=at) if size else torch.empty(0)
        sets[name] = _sums(images.to(torch.uint8).view(shape))
        at += size
    return sets


def _differences(images: Tensor) -> Tensor:
    """Differences of each pixel to the one above, then of these to the one on the left, modulo 256."""
    images = torch.cat([images[:, :1], images[:, 1:] - images[:, :-1]], 1)
    return torch.cat([images[:, :, :1], images[:, :, 1:] - images[:, :, :-1]], 2)


def _sums(images: Tensor) -> Tensor:
    """The inverse of `_differences`."""
    return images.cumsum(2, dtype=torch.int64).cumsum(1).remainder(256).to(torch.uint8)


def _fitting_webp(sets: Sets, room: int, quality: int) -> dict[str, Tensor]:
    """Of each set its files one after the other, their lengths, and the side of the images."""
    held_out = _each(lambda image: _webp(image, quality), list(sets["held_out"]))
    train = _each(lambda image: _webp(image, quality), list(sets["train"]))
    room -= sum(map(len, held_out))
    every, most = torch.arange(len(train)), len(train)
    while most > 1 and sum(len(train[i]) for i in evenly(every, most)) > room:
        most = int(0.99 * most)
    train = [train[i] for i in evenly(every, most)]
    tensors = {}
    for name, files in (("train", train), ("held_out", held_out)):
        tensors[name] = _tensor(bytearray(b"".join(files)))
        tensors[f"{name}.lengths"] = torch.tensor([len(file) for file in files], dtype=torch.int32)
        tensors[f"{name}.side"] = torch.tensor([sets[name].shape[1]], dtype=torch.int32)
    return tensors


def _read_webp(tensors: dict[str, Tensor]) -> Sets:
    sets = {}
    for name in ("train", "held_out"):
        data, side = to_bytes(tensors[name]), int(tensors[f"{name}.side"])
        stops = tensors[f"{name}.lengths"].cumsum(0).tolist()
        files = [data[start:stop] for start, stop in zip([0, *stops], stops)]
        sets[name] = _tensor(bytearray(b"".join(_each(_pixels, files)))).view(len(files), side, side, 3)
    return sets


def _tensor(data: bytearray) -> Tensor:
    return torch.frombuffer(data, dtype=torch.uint8) if data else torch.empty(0, dtype=torch.uint8)


def _webp(image: Tensor, quality: int) -> bytes:
    from PIL import Image  # only here: a machine without it takes images without loss

    file = io.BytesIO()
    size = (image.shape[1], image.shape[0])
    Image.frombytes("RGB", size, to_bytes(image)).save(file, "WEBP", quality=quality, method=6)
    return file.getvalue()


def _pixels(file: bytes) -> bytes:
    from PIL import Image

    return Image.open(io.BytesIO(file)).convert("RGB").tobytes()


def _each(of: Callable[..., bytes], values: list) -> list[bytes]:
    with ThreadPoolExecutor() as threads:
        return list(threads.map(of, values))
