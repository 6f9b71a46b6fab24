"""A descriptor of who is in the picture: face-api's recognition network (MIT; dlib's ResNet), differentiable.

Its weights lie in the npm package `@vladmandic/face-api`, 8 bits each; `tools/torch/losses.sh` fetches it.
"""

from __future__ import annotations

import json
import os

import torch
import torch.nn.functional as F
from torch import Tensor

from .tfjs import read_weights

SIDE = 150  # pixels of the faces that the network takes
MEAN = (122.782, 117.001, 104.298)
CROP = 0.8  # of a picture framed as CelebA's are: the middle that holds the face
BLOCKS = ((32, 3, False), (64, 3, True), (128, 2, True), (256, 2, True))


class Identity:
    """Distances of faces by their descriptors of 128 numbers; below 0.6 is taken for the same person."""

    def __init__(self, folder: str, device: torch.device) -> None:
        """folder: `model` of the package, with face_recognition_model.bin"""
        self.weights = _read(folder, device)
        self.mean = torch.tensor(MEAN, device=device)[:, None, None]

    def describe(self, x: Tensor) -> Tensor:
        """[n, 128] of pictures [n, 3, size, size], −½ to ½."""
        size = x.shape[2]
        edge = round(size * (1 - CROP) / 2)
        face = F.interpolate(x[:, :, edge : size - edge, edge : size - edge], (SIDE, SIDE), mode="bilinear")
        h = self._convolve("conv32_down", ((face + 0.5) * 255 - self.mean) / 255, stride=2).relu()
        h = F.max_pool2d(h, 3, 2)
        for width, count, shrinks in BLOCKS:
            if shrinks:
                h = self._shrink(f"conv{width}_down", h)
            for i in range(count):
                h = self._residual(f"conv{width}_{i + 1}", h)
        h = self._shrink("conv256_down_out", h)
        return h.float().mean((2, 3)) @ self.weights["fc"]

    def _convolve(self, name: str, x: Tensor, stride: int = 1) -> Tensor:
        weights = self.weights
        kernel = weights[f"{name}/conv/filters"]
        padding = 0 if stride == 2 else kernel.shape[2] // 2
        h = F.conv2d(x, kernel, weights[f"{name}/conv/bias"], stride, padding)
        return h * weights[f"{name}/scale/weights"][:, None, None] + weights[f"{name}/scale/biases"][:, None, None]

    def _residual(self, name: str, x: Tensor) -> Tensor:
        h = self._convolve(f"{name}/conv1", x).relu()
        return (self._convolve(f"{name}/conv2", h) + x).relu()

    def _shrink(self, name: str, x: Tensor) -> Tensor:
        """Half the resolution; whichever of the two ways is smaller is filled up with zeros."""
        h = self._convolve(f"{name}/conv1", x, stride=2).relu()
        h = self._convolve(f"{name}/conv2", h)
        pooled = F.avg_pool2d(x, 2)
        rows, columns, channels = (pooled.shape[i] - h.shape[i] for i in (2, 3, 1))
        h = F.pad(h, (0, columns, 0, rows))
        return (h + F.pad(pooled, (0, 0, 0, 0, 0, -channels))).relu()


def _read(folder: str, device: torch.device) -> dict[str, Tensor]:
    with open(os.path.join(folder, "face_recognition_model-weights_manifest.json")) as file:
        entries = json.load(file)[0]["weights"]
    return read_weights(entries, os.path.join(folder, "face_recognition_model.bin"), device)
