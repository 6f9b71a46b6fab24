"""Names, shapes and order of a model's parameters, as `src/train` has them.

All parameters lie in one vector: kernels (height × width × in × out) and biases of `g_a` and `g_s`, the two gains, then
the kernels of the prior, then its biases.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Iterator

import torch
from torch import Tensor

STRIDE = 8  # image pixels a latent spans on each side
PASSES = 2  # of the checkerboard, a slice
POSITION_FEATURES = 17
GAIN_TERMS = 3  # coefficients of 1, l and l² in the logarithm of a gain


@dataclass(frozen=True)
class Slot:
    """A parameter's place in the vector."""

    name: str
    shape: tuple[int, ...]
    start: int

    @property
    def stop(self) -> int:
        return self.start + prod(self.shape)


@dataclass(frozen=True)
class PriorNetwork:
    """The three convolutions of one slice and pass."""

    name: str
    slice: int
    pass_: int
    shapes: tuple[tuple[int, int, int, int], ...]


def prior_networks(architecture: dict) -> Iterator[PriorNetwork]:
    hidden = architecture["prior"]["hidden"]
    width = architecture["latentChannels"] // architecture["slices"]
    for index in range(architecture["slices"]):
        for pass_ in range(PASSES):
            inputs = width * (index + pass_) + POSITION_FEATURES + 2
            shapes = ((3, 3, inputs, hidden), (3, 3, hidden, hidden), (1, 1, hidden, 2 * width))
            yield PriorNetwork(f"prior.{index}.{pass_}", index, pass_, shapes)


def layout(architecture: dict) -> list[Slot]:
    named: list[tuple[str, tuple[int, ...]]] = []
    for name, kernel in (*_analysis(architecture), *_synthesis(architecture)):
        named += [(f"{name}.kernel", kernel), (f"{name}.bias", kernel[3:])]
    gain = (GAIN_TERMS, architecture["latentChannels"])
    named += [("gain", gain), ("inverse_gain", gain)]
    convolutions = [
        (f"{network.name}.conv{i}", shape)
        for network in prior_networks(architecture)
        for i, shape in enumerate(network.shapes)
    ]
    named += [(f"{name}.kernel", shape) for name, shape in convolutions]
    named += [(f"{name}.bias", shape[3:]) for name, shape in convolutions]
    return relaid([Slot(name, shape, 0) for name, shape in named])


def relaid(slots: list[Slot]) -> list[Slot]:
    """The same tensors one after the other in the order given."""
    placed, start = [], 0
    for slot in slots:
        placed.append(Slot(slot.name, slot.shape, start))
        start = placed[-1].stop
    return placed


def views(slots: list[Slot], vector: Tensor) -> dict[str, Tensor]:
    """The tensors of a vector by name; they share its memory."""
    return {slot.name: vector[slot.start : slot.stop].view(slot.shape) for slot in slots}


Shape = tuple[str, tuple[int, int, int, int]]


def _analysis(architecture: dict) -> Iterator[Shape]:
    widths, blocks = architecture["analysis"]["widths"], architecture["analysis"]["blocks"]
    yield "g_a.conv0", (3, 3, 12, widths[0])
    index = 1
    for level in range(3):
        if level > 0:
            size = 5 if level == 1 else 3
            yield f"g_a.down{index}", (size, size, widths[level - 1], widths[level])
            index += 1
        for _ in range(blocks[level]):
            yield from _residual(f"g_a.res{index}", widths[level])
            index += 1
    yield "g_a.out", (1, 1, widths[2], architecture["latentChannels"])


def _synthesis(architecture: dict) -> Iterator[Shape]:
    widths, blocks = architecture["synthesis"]["widths"], architecture["synthesis"]["blocks"]
    yield "g_s.conv0", (3, 3, architecture["latentChannels"], widths[2])
    index = 1
    for level in (2, 1, 0):
        for _ in range(blocks[level]):
            yield from _residual(f"g_s.res{index}", widths[level])
            index += 1
        if level > 0:
            size = 1 if level == 2 else 3
            yield f"g_s.up{index}", (size, size, widths[level], widths[level - 1] * 4)
            index += 1
    yield "g_s.out", (3, 3, widths[0], 12)


def _residual(name: str, width: int) -> Iterator[Shape]:
    half = width // 2
    yield f"{name}.a", (1, 1, width, half)
    yield f"{name}.b", (3, 3, half, half)
    yield f"{name}.c", (1, 1, half, width)
