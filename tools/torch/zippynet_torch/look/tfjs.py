"""Weights as TensorFlow.js keeps them: a list of names, shapes and types, and one file of numbers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

TYPES = {"float32": torch.float32, "int32": torch.int32, "float16": torch.float16, "uint8": torch.uint8}


def read_weights(entries: list[dict], path: str, device: torch.device) -> dict[str, Tensor]:
    """Floats by name; kernels as PyTorch has them: [out, in, height, width], depthwise [channels, 1, height, width].

    entries: `weights` of the manifest, in the order of the file
    path: the file of numbers; those of 8 bits have a scale and a least value
    """
    with open(path, "rb") as file:
        data = bytearray(file.read())
    weights, at = {}, 0
    for entry in entries:
        name, shape, stored = entry["name"], entry["shape"], entry.get("quantization", entry)
        dtype = TYPES[stored["dtype"]]
        count = math.prod(shape)
        tensor = torch.frombuffer(data, dtype=dtype, count=count, offset=at).float().view(shape)
        at += count * dtype.itemsize
        if "scale" in stored:
            tensor = tensor * stored["scale"] + stored["min"]
        if len(shape) == 4:
            tensor = tensor.permute(2, 3, 0, 1) if name.endswith("depthwise_kernel") else tensor.permute(3, 2, 0, 1)
        weights[name] = tensor.contiguous().to(device)
    if at != len(data):
        raise ValueError(f"{path}: expected {at} bytes of weights, got {len(data)}")
    return weights
