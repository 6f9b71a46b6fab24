"""Several processes that train together, and the device of each."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True)
class Workers:
    """The processes that train together, and this one's place among them."""

    rank: int = 0
    count: int = 1

    @staticmethod
    def join(device: torch.device) -> "Workers":
        if "RANK" not in os.environ:
            return Workers()
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return Workers(dist.get_rank(), dist.get_world_size())

    def leave(self) -> None:
        if self.count > 1:
            dist.destroy_process_group()

    def mean(self, vector: Tensor) -> Tensor:
        if self.count > 1:
            dist.all_reduce(vector)
            vector /= self.count
        return vector

    def means(self, numbers: list[float], device: torch.device) -> list[float]:
        """What all agree on, to the last bit, where each has numbers of its own."""
        if self.count == 1:
            return numbers
        return self.mean(torch.tensor(numbers, dtype=torch.float64, device=device)).tolist()

    def check_same(self, vector: Tensor) -> None:
        """Raises if the processes do not have the same vector."""
        if self.count > 1:
            low, high = vector.clone(), vector.clone()
            dist.all_reduce(low, dist.ReduceOp.MIN)
            dist.all_reduce(high, dist.ReduceOp.MAX)
            if not torch.equal(low, high):
                raise RuntimeError(f"expected the same weights in {self.count} processes, got other ones")


def device_of(name: str) -> torch.device:
    """A device by its name; each process of a machine has a GPU of its own."""
    device = torch.device(name)
    place = int(os.environ.get("LOCAL_RANK", 0))
    if device.type == "cuda" and device.index is None and place > 0:
        count = torch.cuda.device_count()
        if place >= count:
            raise SystemExit(f"expected a GPU for each process, got {count} for {place + 1} or more")
        torch.cuda.set_device(place)
    return device


def has_bfloat16(device: torch.device) -> bool:
    """Whether products in bfloat16 are quicker than in float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
