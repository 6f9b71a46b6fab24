"""A judge of faces that no look is trained by: HSE-FaceRes of the npm package `@vladmandic/human` (MIT).

A MobileNet (Howard et al., 2017) trained on faces by A. Savchenko; its descriptor is what the last pooling leaves.
`tools/torch/losses.sh` fetches it.
"""

from __future__ import annotations

import json
import os

import torch
import torch.nn.functional as F
from torch import Tensor

from .tfjs import read_weights

SIDE = 224  # pixels of the faces that the network takes
CROP = 0.8  # of a picture framed as CelebA's are: the middle that holds the face
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)  # of the depthwise convolutions


class Stranger:
    """Descriptors of faces: 1,024 numbers, of length 1."""

    def __init__(self, folder: str, device: torch.device) -> None:
        """folder: has faceres.json and faceres.bin"""
        self.weights = _read(folder, device)

    @torch.no_grad()
    def describe(self, x: Tensor) -> Tensor:
        """[n, 1024] of pictures [n, 3, size, size], −½ to ½."""
        size = x.shape[2]
        edge = round(size * (1 - CROP) / 2)
        face = F.interpolate(x[:, :, edge : size - edge, edge : size - edge], (SIDE, SIDE), mode="bicubic")
        h = self._convolve("conv1", (face.clamp(-0.5, 0.5) + 0.5) * 255, 2)
        for i, stride in enumerate(STRIDES, 1):
            h = self._convolve(f"conv_dw_{i}", h, stride)
            h = self._convolve(f"conv_pw_{i}", h, 1)
        return F.normalize(h.mean((2, 3)))

    def _convolve(self, name: str, x: Tensor, stride: int) -> Tensor:
        depthwise = f"{name}/depthwise_kernel" in self.weights
        kernel = self.weights[f"{name}/{'depthwise_kernel' if depthwise else 'convolution/merged_input'}"]
        if kernel.shape[2] == 3:  # TensorFlow's "same": more of the padding behind
            x = F.pad(x, (1, 1, 1, 1) if stride == 1 else (0, 1, 0, 1))
        h = F.conv2d(x, kernel, stride=stride, groups=x.shape[1] if depthwise else 1)
        if depthwise:
            h = h * self.weights[f"{name}_bn/batchnorm_1/mul"][:, None, None]
        return F.relu6(h + self.weights[f"{name}_bn/batchnorm_1/sub"][:, None, None])


def _read(folder: str, device: torch.device) -> dict[str, Tensor]:
    with open(os.path.join(folder, "faceres.json")) as file:
        entries = json.load(file)["weightsManifest"][0]["weights"]
    return read_weights(entries, os.path.join(folder, "faceres.bin"), device)
