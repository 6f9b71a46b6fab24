"""Checkpoints as `src/train` writes and reads them."""

from __future__ import annotations

import json

import torch
from torch import Tensor

from .layout import layout, views
from .safetensors import read_safetensors, write_safetensors

VERSION = 3
VECTORS = ("parameters", "first", "second", "factors", "bases")


def read_checkpoint(path: str) -> tuple[dict, dict, dict]:
    """Plan, progress and the optimiser's state."""
    tensors = read_safetensors(path)
    if "run.json" not in tensors:
        raise ValueError(f"{path}: expected a checkpoint of a run, got a file without run.json")
    rest = json.loads(bytes(tensors["run.json"].tolist()))
    if rest["version"] != VERSION:
        raise ValueError(f"{path}: expected a checkpoint of version {VERSION}, got {rest['version']}")
    slots = layout(rest["plan"]["architecture"])
    average = torch.cat([_find(tensors, slot.name, slot.shape, path).flatten() for slot in slots])
    state = {"step": rest["step"], "average": average}
    for name in VECTORS:
        state[name] = tensors[f"run.{name}"]
    return rest["plan"], rest["progress"], state


def _find(tensors: dict[str, Tensor], name: str, shape: tuple[int, ...], path: str) -> Tensor:
    tensor = tensors.get(name)
    if tensor is None or tuple(tensor.shape) != shape:
        got = "none" if tensor is None else list(tensor.shape)
        raise ValueError(f"{path}: {name}: expected a tensor of {list(shape)}, got {got}")
    return tensor


def write_checkpoint(path: str, plan: dict, progress: dict, state: dict) -> None:
    """The averaged weights by name, the optimiser's vectors, and the rest as JSON."""
    tensors = dict(views(layout(plan["architecture"]), state["average"]))
    for name in VECTORS:
        tensors[f"run.{name}"] = state[name]
    rest = {"version": VERSION, "plan": plan, "progress": progress, "step": state["step"]}
    tensors["run.json"] = torch.tensor(list(json.dumps(rest).encode()), dtype=torch.uint8)
    write_safetensors(path, tensors)
