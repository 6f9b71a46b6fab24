"""Files of tensors (https://huggingface.co/docs/safetensors): little-endian length, JSON header, data.

Written out here so that a machine without network needs nothing but PyTorch.
"""

from __future__ import annotations

import ctypes
import json
import os

import torch
from torch import Tensor

TYPES = {"F32": torch.float32, "F16": torch.float16, "U8": torch.uint8, "I8": torch.int8, "I32": torch.int32}
NAMES = {dtype: name for name, dtype in TYPES.items()}


def read_safetensors(path: str) -> dict[str, Tensor]:
    """Tensors by name; they share the file's bytes in memory."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in TYPES:
            raise ValueError(f"{path}: {name}: expected one of {', '.join(TYPES)}, got {entry['dtype']}")
        start, stop = entry["data_offsets"]
        dtype = TYPES[entry["dtype"]]
        if stop == start:
            tensors[name] = torch.empty(entry["shape"], dtype=dtype)
            continue
        piece = data[8 + length + start : 8 + length + stop]
        tensors[name] = torch.frombuffer(piece, dtype=dtype).reshape(entry["shape"])
    return tensors


def write_safetensors(path: str, tensors: dict[str, Tensor]) -> None:
    """The file appears whole or not at all."""
    header, at = {}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + size]}
        at += size
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(f"{path}.new", "wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for tensor in tensors.values():
            file.write(to_bytes(tensor))
    os.replace(f"{path}.new", path)


def to_bytes(tensor: Tensor) -> bytes:
    """Its data, little-endian; NumPy may not be there."""
    tensor = tensor.detach().cpu().contiguous()
    return ctypes.string_at(tensor.data_ptr(), tensor.numel() * tensor.element_size())
