"""
CompressAI's mean-scale hyperprior (Minnen et al. 2018, without its autoregressive part) and the files it makes.

A file has all that its decoder needs beside the weights: which of them (1 byte), width − 1 and height − 1 (1 byte
each), the length of the hyperprior's string (1 byte), that string, and the string of the latents.
"""

from __future__ import annotations

import os

import torch
import torch.nn.functional as F
from compressai.models import MeanScaleHyperprior
from torch import Tensor

# Of MSE of 8-bit levels against bits per pixel, by CompressAI's own definition: λ · 255² · MSE of 0 to 1. A model each.
# On faces of 42 pixels they give about 25 to 31 dB.
LAMBDAS = (0.0025, 0.005, 0.01, 0.02)
CHANNELS, LATENT_CHANNELS = 128, 192  # CompressAI's own for its lower rates
STRIDE = 64  # pixels that one sample of the hyperprior spans: a picture is padded to multiples of it
LARGEST_SIDE, LONGEST_STRING = 256, 255


def new_model() -> MeanScaleHyperprior:
    return MeanScaleHyperprior(CHANNELS, LATENT_CHANNELS)


def weights_path(folder: str, index: int) -> str:
    return os.path.join(folder, f"hyperprior-{index + 1}.pt")


def open_models(folder: str) -> list[MeanScaleHyperprior]:
    """The trained models of a folder, ready to code, one for each λ."""
    models = []
    for index in range(len(LAMBDAS)):
        model = new_model()
        model.load_state_dict(torch.load(weights_path(folder, index), map_location="cpu", weights_only=True))
        model.eval().update(force=True)
        models.append(model)
    return models


def padded(x: Tensor) -> Tensor:
    """[n, 3, height, width] → multiples of `STRIDE`, the last row and column repeated: black would cost bits."""
    height, width = x.shape[2:]
    return F.pad(x, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")


@torch.no_grad()
def encode(models: list[MeanScaleHyperprior], index: int, pixels: Tensor) -> bytes:
    """
    A whole file.

    index: of λ
    pixels: [height, width, 3], 8 bits
    """
    height, width = pixels.shape[:2]
    if max(height, width) > LARGEST_SIDE:
        raise ValueError(f"expected at most {LARGEST_SIDE} pixels a side, got {width}×{height}")
    x = pixels.permute(2, 0, 1)[None].float() / 255
    (y,), (z,) = models[index].compress(padded(x))["strings"]
    if len(z) > LONGEST_STRING:
        raise ValueError(f"expected a string of at most {LONGEST_STRING} bytes, got {len(z)}")
    return bytes([index, width - 1, height - 1, len(z)]) + z + y


@torch.no_grad()
def decode(models: list[MeanScaleHyperprior], file: bytes) -> Tensor:
    """Its picture: [height, width, 3], 8 bits."""
    index, width, height, length = file[0], file[1] + 1, file[2] + 1, file[3]
    z, y = file[4 : 4 + length], file[4 + length :]
    rows, columns = -(-height // STRIDE), -(-width // STRIDE)
    x_hat = models[index].decompress([[y], [z]], (rows, columns))["x_hat"]
    return (x_hat[0, :, :height, :width] * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
