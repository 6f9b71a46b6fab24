"""The codec as a differentiable graph, from top to bottom: transforms, prior, likelihood, loss.

    x ─ g_a ─ · gain(l) ─ y ─ quantise around the prior's means ─ y_hat ─ · inverse_gain(l) ─ g_s ─ x_hat

The wiring is that of `src/codec/network`, which draws it; images and features are NCHW in channels-last memory.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from .functions import Bits, Clip, RoundAndClip
from .layout import POSITION_FEATURES, PASSES, STRIDE, layout, prior_networks
from .positions import position_features

TRANSFORM_SLOPE = 0.1
PRIOR_SLOPE = 1 / 8
# Integers that make one of latents, means and whatever else enters the prior; and of what is between its layers.
LATENT_UNIT, ACTIVATION_UNIT = 32, 512
# The same for the features of the transforms, whose kernels have 8 bits too.
FEATURE_UNIT, FEATURE_LIMIT = 1024, 2**14 - 1
# Largest magnitudes in these integers.
LATENT_LIMIT, ACTIVATION_LIMIT, MEAN_LIMIT = 1023, 2**14 - 1, 4095
KERNEL_LIMIT, LARGEST_BIAS, LARGEST_SUM = 127, 2.0**28, 2.0**30
SCALES = 64
# Scale index i stands for σ = softplus(START + STEP · i) + FLOOR.
SCALE_START, SCALE_STEP, SCALE_FLOOR = -3.2, 0.2, 0.05


@dataclass
class Outcome:
    """What the graph computes of n images."""

    bits: Tensor  # [n]
    mse: Tensor  # [n], of 8-bit levels
    x_hat: Tensor  # [n, 3, height, width], −½ to ½


def distortion_weight(levels: Tensor) -> Tensor:
    """w of each training level, against bits per pixel: 0.0006 · 250^l."""
    return 0.0006 * 250.0**levels


def level_of(quality: float) -> float:
    """The training level of a quality from 1 to 100."""
    return -0.2 + 1.2 * (quality - 1) / 99


def loss_of(outcome: Outcome, levels: Tensor, pixels: int) -> Tensor:
    """Mean over the images of (bits per pixel + w · MSE)/√w, so that no level outweighs the others."""
    root = distortion_weight(levels).sqrt()
    return (outcome.bits / pixels / root + root * outcome.mse).mean()


def rate_loss_of(bits: Tensor, levels: Tensor, pixels: int) -> Tensor:
    """The rate's part of the loss."""
    return (bits / pixels / distortion_weight(levels).sqrt()).mean()


class Codec:
    """Runs the networks of an architecture on parameters by name (see `layout.py`)."""

    def __init__(self, architecture: dict) -> None:
        self.architecture = architecture
        self.slots = layout(architecture)
        self.networks = list(prior_networks(architecture))

    def run(self, weights: dict[str, Tensor], x: Tensor, levels: Tensor, noise: Tensor | None) -> Outcome:
        """
        `y` is quantised straight-through for context and distortion; the rate is that of `y` + noise.

        x: [n, 3, height, width], −½ to ½
        levels: [n]
        noise: uniform in ±½, shaped as the latents; without it the rate is that of the rounded latents
        """
        y = self.analyse(weights, x, levels)
        y_hat, bits = self.code(weights, y, levels, noise)
        x_hat = self.synthesis(weights, y_hat * gain_of(weights["inverse_gain"], levels), x.shape)
        mse = (x_hat - x).square().mean((1, 2, 3)) * 255**2
        return Outcome(bits, mse, x_hat)

    def analyse(self, weights: dict[str, Tensor], x: Tensor, levels: Tensor) -> Tensor:
        """[n, latentChannels, rows, columns]: `y` after gain."""
        h, index = _conv(weights, "g_a.conv0", _to_blocks(x)), 1
        for level, blocks in enumerate(self.architecture["analysis"]["blocks"]):
            if level > 0:
                h, index = _conv(weights, f"g_a.down{index}", h, stride=2), index + 1
            for _ in range(blocks):
                h, index = _residual(weights, f"g_a.res{index}", h), index + 1
        return _conv(weights, "g_a.out", h).float() * gain_of(weights["gain"], levels)

    def synthesis(self, weights: dict[str, Tensor], y: Tensor, shape: torch.Size) -> Tensor:
        """The picture of `y_hat` after inverse gain, of the given shape."""
        h, index = _conv(weights, "g_s.conv0", y), 1
        for level in (2, 1, 0):
            for _ in range(self.architecture["synthesis"]["blocks"][level]):
                h, index = _residual(weights, f"g_s.res{index}", h), index + 1
            if level > 0:
                h, index = _depth_to_space(_conv(weights, f"g_s.up{index}", h)), index + 1
        x = _depth_to_space(_conv(weights, "g_s.out", h).float())
        top, left = (x.shape[2] - shape[2]) // 2, (x.shape[3] - shape[3]) // 2
        return x[:, :, top : top + shape[2], left : left + shape[3]]

    def code(
        self, weights: dict[str, Tensor], y: Tensor, levels: Tensor, noise: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """`y_hat` and the bits of each image, slice by slice in two passes over a checkerboard."""
        slices = y.chunk(self.architecture["slices"], 1)
        features = [_context_features(y, levels, pass_) for pass_ in range(PASSES)]
        masks = [_checkerboard(y, pass_) for pass_ in range(PASSES)]
        decoded: list[Tensor] = []  # y_hat of the earlier slices, in clipped 32nds
        all_hat, all_means, all_scales = [], [], []
        for network in self.networks:
            if network.pass_ == 0:
                hat = means = scales = torch.zeros_like(slices[0])
                own: list[Tensor] = []
            else:
                own = [_in_units(hat)]
            predicted = self._predict(weights, network.name, torch.cat([*decoded, features[network.pass_], *own], 1))
            mean, scale = predicted.chunk(2, 1)
            mean, scale = Clip.apply(mean, -MEAN_LIMIT, MEAN_LIMIT), Clip.apply(scale, 0, SCALES - 1)
            mask = masks[network.pass_]
            hat = hat + mask * _quantise(slices[network.slice], mean / LATENT_UNIT)
            means, scales = means + mask * mean, scales + mask * scale
            if network.pass_ == PASSES - 1:
                decoded.append(_in_units(hat))
                all_hat.append(hat)
                all_means.append(means)
                all_scales.append(scales)
        residual = (y if noise is None else y + noise) - torch.cat(all_means, 1) / LATENT_UNIT
        sigma = F.softplus(torch.cat(all_scales, 1) * SCALE_STEP + SCALE_START) + SCALE_FLOOR
        return torch.cat(all_hat, 1), Bits.apply(residual, sigma, noise is None).sum((1, 2, 3))

    def _predict(self, weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
        """One network of the prior in its integer arithmetic: means in 32nds, then scale indices."""
        with torch.autocast(x.device.type, enabled=False), _all_digits():
            for layer in range(3):
                kernel, bias = self._integers(weights, name, layer)
                x = F.conv2d(x, kernel.permute(3, 2, 0, 1), bias, padding=kernel.shape[0] // 2)
                if layer < 2:
                    x = RoundAndClip.apply(F.leaky_relu(x, PRIOR_SLOPE), ACTIVATION_LIMIT)
            return x + (x.round() - x).detach()

    def _integers(self, weights: dict[str, Tensor], name: str, layer: int) -> tuple[Tensor, Tensor]:
        """Kernel and bias as an export has them (`src/train`, quantise); gradients go straight through."""
        kernel, bias = weights[f"{name}.conv{layer}.kernel"], weights[f"{name}.conv{layer}.bias"]
        unit, limit = (LATENT_UNIT, LATENT_LIMIT) if layer == 0 else (ACTIVATION_UNIT, ACTIVATION_LIMIT)
        out, offset = _output_units(bias, layer)
        with torch.no_grad():
            scale = _scale_of(kernel, bias + offset / out, unit, limit)
            multiplier = scale * out / unit
            whole = torch.floor(kernel / scale + 0.5) * multiplier
            whole_bias = torch.floor((bias * out + offset) / multiplier + 0.5) * multiplier
        return whole + (kernel - kernel.detach()) * (out / unit), whole_bias + (bias - bias.detach()) * out


@contextmanager
def _all_digits() -> Iterator[None]:
    """Products of integers of 14 bits: TensorFloat-32, a GPU's default, keeps 11. It will do for slopes."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def _output_units(bias: Tensor, layer: int) -> tuple[Tensor, Tensor]:
    """Unit and offset of each output channel of a layer of the prior: integer = unit · value + offset."""
    if layer < 2:
        return torch.full_like(bias, ACTIVATION_UNIT), torch.zeros_like(bias)
    half = torch.ones_like(bias[: len(bias) // 2])
    return (
        torch.cat([half * LATENT_UNIT, half / SCALE_STEP]),
        torch.cat([half * 0, half * (-SCALE_START / SCALE_STEP)]),
    )


def _scale_of(kernel: Tensor, bias: Tensor, unit: int, limit: int) -> Tensor:
    """What one of a kernel's integers is worth, for each output channel (`src/train`, toInt8)."""
    size = kernel.abs()
    scale = torch.stack(
        [
            size.amax((0, 1, 2)) / KERNEL_LIMIT,
            bias.abs() * (unit / LARGEST_BIAS),
            size.sum((0, 1, 2)) * (limit / LARGEST_SUM),
        ]
    ).amax(0)
    return scale.masked_fill(scale == 0, 1)


def in_8_bits(kernel: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """A kernel of the transforms in whole numbers, as an export has it, and what one of them is worth."""
    scale = _scale_of(kernel, bias, FEATURE_UNIT, FEATURE_LIMIT)
    return torch.floor(kernel / scale + 0.5), scale


def _conv(weights: dict[str, Tensor], name: str, x: Tensor, stride: int = 1) -> Tensor:
    """A layer of the transforms, with its kernel in the 8 bits of an export; gradients go straight through."""
    kernel, bias = weights[f"{name}.kernel"], weights[f"{name}.bias"]
    with torch.no_grad():
        whole, scale = in_8_bits(kernel, bias)
        error = whole * scale - kernel
    return F.conv2d(x, (kernel + error).permute(3, 2, 0, 1), bias, stride, padding=kernel.shape[0] // 2)


def _residual(weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    """x + c(act(b(act(a(act(x)))))), at half width."""
    h = x
    for part in "abc":
        h = _conv(weights, f"{name}.{part}", F.leaky_relu(h, TRANSFORM_SLOPE))
    return x + h


def gain_of(coefficients: Tensor, levels: Tensor) -> Tensor:
    """exp(g₀ + g₁·l + g₂·l²), [n, latentChannels, 1, 1]."""
    powers = torch.stack([torch.ones_like(levels), levels, levels.square()], 1)
    with torch.autocast(levels.device.type, enabled=False):
        return (powers @ coefficients).exp()[:, :, None, None]


def _to_blocks(x: Tensor) -> Tensor:
    """Space-to-depth of 2 of the picture, padded to multiples of 8 by its edges: channel (dy · 2 + dx) · 3 + colour."""
    height, width = x.shape[2:]
    down, right = -height % STRIDE, -width % STRIDE
    if down or right:
        x = F.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2), mode="replicate")
    n, _, height, width = x.shape
    blocks = x.permute(0, 2, 3, 1).reshape(n, height // 2, 2, width // 2, 2, 3).transpose(2, 3)
    return blocks.reshape(n, height // 2, width // 2, 12).permute(0, 3, 1, 2)


def _depth_to_space(x: Tensor) -> Tensor:
    """Depth-to-space of 2, in TensorFlow's channel order (dy · 2 + dx) · channels + c."""
    n, channels, rows, columns = x.shape
    blocks = x.permute(0, 2, 3, 1).reshape(n, rows, columns, 2, 2, channels // 4).transpose(2, 3)
    return blocks.reshape(n, rows * 2, columns * 2, channels // 4).permute(0, 3, 1, 2)


def _in_units(y_hat: Tensor) -> Tensor:
    """Latents as the prior takes them."""
    return (y_hat * LATENT_UNIT).clamp(-LATENT_LIMIT, LATENT_LIMIT)


def _quantise(y: Tensor, mean: Tensor) -> Tensor:
    """round(y − mean) + mean; to the gradient it is y."""
    return y + ((y - mean).round() + mean - y).detach()


def _checkerboard(y: Tensor, pass_: int) -> Tensor:
    """1 where the pass codes, [1, 1, rows, columns]."""
    rows, columns = (torch.arange(length, device=y.device) for length in y.shape[2:])
    return ((rows[:, None] + columns) % PASSES == pass_).to(y)[None, None]


def _context_features(y: Tensor, levels: Tensor, pass_: int) -> Tensor:
    """Positions, level and mask in 32nds: [n, 19, rows, columns] integers."""
    n, _, rows, columns = y.shape
    positions = position_features(rows, columns, y.device) * (LATENT_UNIT / 16)
    level = torch.floor(levels * LATENT_UNIT + 0.5)[:, None, None, None]
    return torch.cat(
        [
            positions.expand(n, POSITION_FEATURES, rows, columns),
            level.expand(n, 1, rows, columns),
            (_checkerboard(y, pass_) * LATENT_UNIT).expand(n, 1, rows, columns),
        ],
        1,
    ).contiguous(memory_format=torch.channels_last)
