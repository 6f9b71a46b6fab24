"""Multiplications of the peer's convolutions, counted as they run."""

from __future__ import annotations

import torch
from compressai.layers import GDN
from compressai.models import MeanScaleHyperprior
from torch import nn

ENCODER, DECODER = ("g_a", "h_a", "h_s"), ("h_s", "g_s")


@torch.no_grad()
def multiplications(model: MeanScaleHyperprior, size: int) -> dict[str, int]:
    """Of encoding and decoding a picture of `size`×`size`, a multiple of 64; GDN's products of channels count too."""
    counts: dict[str, int] = {}

    def count(name: str, of: int) -> None:
        counts[name] = counts.get(name, 0) + of

    hooks = []
    for name, module in model.named_modules():
        part = name.split(".")[0]
        if isinstance(module, nn.ConvTranspose2d):
            hooks.append(module.register_forward_hook(
                lambda m, x, _, part=part: count(part, x[0][0, 0].numel() * m.weight.numel())))
        elif isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(
                lambda m, _, y, part=part: count(part, y[0, 0].numel() * m.weight.numel())))
        elif isinstance(module, GDN):
            hooks.append(module.register_forward_hook(
                lambda m, _, y, part=part: count(part, y[0, 0].numel() * m.gamma.numel())))
    model(torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    return {"encode": sum(counts[part] for part in ENCODER), "decode": sum(counts[part] for part in DECODER)}
