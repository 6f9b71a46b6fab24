"""Losses and gradients as CUDA graphs: a step launches thousands of small kernels, which takes longer than they do."""

from __future__ import annotations

from typing import Callable

import torch
from torch import Tensor

Gradient = Callable[[Tensor, Tensor, "Tensor | None"], tuple[Tensor, Tensor]]
WARM_UP = 3  # calls before a capture, in which libraries choose and allocate


class Graphed:
    """A function of a batch to its loss and gradient, captured once for each shape of a batch.

    Weights have to stay where they are in memory. What is returned is overwritten by the next call.
    """

    def __init__(self, gradient: Gradient) -> None:
        self.gradient = gradient
        self.pool = torch.cuda.graph_pool_handle()
        self.captured: dict[torch.Size, tuple[torch.cuda.CUDAGraph, list[Tensor], tuple[Tensor, Tensor]]] = {}

    def __call__(self, x: Tensor, levels: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        if x.shape not in self.captured:
            self.captured[x.shape] = self._capture(x, levels, noise)
        graph, inputs, outputs = self.captured[x.shape]
        for placed, given in zip(inputs, (x, levels, noise)):
            if placed is not None:
                placed.copy_(given)
        graph.replay()
        return outputs

    def _capture(self, x: Tensor, levels: Tensor, noise: Tensor | None):
        inputs = [None if each is None else each.clone() for each in (x, levels, noise)]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                self.gradient(*inputs)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool):
            outputs = self.gradient(*inputs)
        return graph, inputs, outputs
