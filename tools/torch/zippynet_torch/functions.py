"""Operations whose gradient is not that of what they compute, or is computed with more care."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LEAST_PROBABILITY = 1e-9


def _inside(gradient: Tensor, x: Tensor, low: float, high: float) -> Tensor:
    """The gradient where low ≤ x ≤ high, or where a step against it leads back there."""
    leads_out = ((x > high) & (gradient < 0)) | ((x < low) & (gradient > 0))
    return gradient.masked_fill(leads_out, 0)


class Clip(torch.autograd.Function):
    """Clips; the gradient also passes outside where it leads back inside."""

    @staticmethod
    def forward(ctx, x, low, high):
        ctx.save_for_backward(x)
        ctx.limits = low, high
        return x.clamp(low, high)

    @staticmethod
    def backward(ctx, gradient):
        return _inside(gradient, ctx.saved_tensors[0], *ctx.limits), None, None


class RoundAndClip(torch.autograd.Function):
    """Rounds and clips to ±limit; the gradient takes rounding for the identity."""

    @staticmethod
    def forward(ctx, x, limit):
        ctx.save_for_backward(x)
        ctx.limit = limit
        return x.round().clamp_(-limit, limit)

    @staticmethod
    def backward(ctx, gradient):
        return _inside(gradient, ctx.saved_tensors[0], -ctx.limit, ctx.limit), None


class Bits(torch.autograd.Function):
    """−log₂ of a zero-mean Gaussian's probability in [z − ½, z + ½], elementwise; of round(z) if `rounded`.

    Rounded, σ's gradient is that of these bits; z's, for which they have none, is taken before rounding.
    """

    @staticmethod
    def forward(ctx, z, sigma, rounded):
        symbol = z.round() if rounded else z
        probability = _bin(symbol, sigma)[0]
        ctx.save_for_backward(z, symbol, sigma, probability)
        ctx.rounded = rounded
        return probability.log2().neg()

    @staticmethod
    def backward(ctx, gradient):
        z, symbol, sigma, probability = ctx.saved_tensors
        _, a, b = _bin(symbol, sigma, probability)
        at_a, at_b = _density(a), _density(b)
        outer = gradient / (math.log(2) * sigma)
        by_sigma = outer * (at_a * a - at_b * b) / probability
        if ctx.rounded:
            probability, a, b = _bin(z, sigma)
            at_a, at_b = _density(a), _density(b)
        return outer * z.sign() * (at_a - at_b) / probability, by_sigma, None


def _bin(z: Tensor, sigma: Tensor, probability: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """P = Φ(a) − Φ(b) and its bounds, by |z|: in the lower tail the difference keeps its digits."""
    v = z.abs()
    a, b = (0.5 - v) / sigma, (-0.5 - v) / sigma
    if probability is None:
        root = -math.sqrt(0.5)
        difference = torch.special.erfc(a * root) - torch.special.erfc(b * root)
        probability = (difference * 0.5).clamp_min(LEAST_PROBABILITY)
    return probability, a, b


def _density(x: Tensor) -> Tensor:
    return (x.square() * -0.5).exp() * (1 / math.sqrt(2 * math.pi))
