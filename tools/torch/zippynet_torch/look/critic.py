"""The adversary: discriminates patches of decoded pictures from real ones, and knows the latents they came from."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ..layout import STRIDE

SLOPE = 0.2


class Critic(nn.Module):
    """Five spectrally normalised convolutions (Miyato et al., ICLR 2018); a verdict at each position of the latents.

    Conditional on the latents as in HiFiC (Mentzer et al., "High-Fidelity Generative Image Compression", 2020).
    """

    def __init__(self, latent_channels: int, width: int = 64) -> None:
        super().__init__()

        def convolution(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Module:
            return spectral_norm(nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2 if stride == 1 else 1))

        self.down = nn.ModuleList(
            convolution(inputs, outputs, 4, 2)
            for inputs, outputs in ((3, width), (width, 2 * width), (2 * width, 4 * width))
        )
        self.joined = convolution(4 * width + latent_channels, 4 * width, 3, 1)
        self.verdict = convolution(4 * width, 1, 3, 1)

    def forward(self, x: Tensor, y_hat: Tensor) -> Tensor:
        """[n, 1, rows, columns], larger where it looks real.

        x: [n, 3, height, width], −½ to ½
        y_hat: [n, latentChannels, rows, columns], after inverse gain
        """
        down, right = (-length % STRIDE for length in x.shape[2:])
        h = F.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2), mode="replicate") * 2
        for layer in self.down:
            h = F.leaky_relu(layer(h), SLOPE)
        h = F.leaky_relu(self.joined(torch.cat([h, y_hat], 1)), SLOPE)
        return self.verdict(h)
