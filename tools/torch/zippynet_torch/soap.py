"""SOAP (Vyas et al. 2024): Adam in the eigenbases of Shampoo's two factors of each kernel, as `src/train` has it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .layout import Slot, relaid, views

BETA1, BETA2, EPSILON = 0.9, 0.98, 1e-8
LARGEST_NORM = 1.0  # gradients are scaled down to this
AVERAGE_DECAY = 0.999  # of the average of the weights over steps
MEMORY = 0.96  # share of the past in the average of gradients' products
LEAST_EIGENVALUE = 1e-6  # of a factor, as a share of its norm: less is lost in 32 bits
OBSERVED, RENEWED = 2, 16  # steps from one look at the gradient, and from one renewal of the bases, to the next


@dataclass
class Group:
    """Kernels of one shape, one after the other in the vector: k kernels of `positions` matrices of in × out."""

    slots: list[Slot]
    shape: tuple[int, int, int]
    factors: list[Tensor]  # averages of G·Gᵀ and Gᵀ·G: [k, in, in] and [k, out, out]
    bases: list[Tensor]  # their eigenvectors, as columns

    def read(self, vector: Tensor) -> Tensor:
        """[k, in, positions, out]: either side can be multiplied by a matrix at once."""
        piece = vector[self.slots[0].start : self.slots[-1].stop]
        return piece.view(len(self.slots), *self.shape).transpose(1, 2)

    def write(self, vector: Tensor, pieces: Tensor) -> None:
        self.read(vector).copy_(pieces)

    def rotate(self, pieces: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Into the coordinates of the bases."""
        return _sandwich(self.bases[0].mT, pieces, self.bases[1], dtype)

    def back(self, pieces: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        return _sandwich(self.bases[0], pieces, self.bases[1].mT, dtype)


def _sandwich(left: Tensor, pieces: Tensor, right: Tensor, dtype: torch.dtype) -> Tensor:
    left, right = left.to(dtype), right.to(dtype)
    half = left @ pieces.flatten(2).to(dtype)
    return (half.view(len(pieces), -1, right.shape[1]) @ right).view_as(pieces).float()


class Soap:
    """
    One vector of parameters, its average over steps, and the optimiser's state.

    In its vectors, kernels of one shape lie side by side, so that one operation reads all of them: `slots` says where.
    """

    NAMES = ("parameters", "average", "first", "second")

    def __init__(self, slots: list[Slot], state: dict, device: torch.device, dtype=torch.float32) -> None:
        """dtype: of the rotations of gradients and moves; averages and bases are of 32 bits."""
        self.dtype = dtype
        self.step_count: int = state["step"]
        self.slots = relaid(sorted(slots, key=lambda slot: _shape_of(slot) or (0, 0, 0)))
        self.by_layout = slots
        for name in self.NAMES:
            setattr(self, name, _cat(state[name], slots, self.slots).to(device, copy=True))
        self.groups = _grouped(self.slots)
        self.started = bool((state["bases"] != 0).any())
        for slot, group, k, factors in _walk(slots, self.groups, state["factors"], state["bases"]):
            for side in range(2):
                group.factors[side][k], group.bases[side][k] = factors[0][side], factors[1][side]
        for group in self.groups:
            group.factors = [each.to(device) for each in group.factors]
            group.bases = [each.to(device) for each in group.bases]

    @torch.no_grad()
    def step(self, gradient: Tensor, rate: float) -> float:
        """One step against the gradient, whose norm is returned; a gradient that is not finite is skipped."""
        self.step_count += 1
        norm = float(gradient.norm())
        if not norm < float("inf"):
            return norm
        if norm > LARGEST_NORM:
            gradient = gradient * (LARGEST_NORM / norm)
        if not self.started or self.step_count % OBSERVED == 0:
            self._observe(gradient)
        if self.step_count % RENEWED == 0:
            self._renew()
        self._adam(gradient, rate)
        decay = min(AVERAGE_DECAY, (1 + self.step_count) / (10 + self.step_count))
        self.average.lerp_(self.parameters, 1 - decay)
        return norm

    def _adam(self, gradient: Tensor, rate: float) -> None:
        rotated = gradient.clone()
        for group in self.groups:
            group.write(rotated, group.rotate(group.read(gradient), self.dtype))
        self.first.lerp_(rotated, 1 - BETA1)
        self.second.lerp_(rotated.square(), 1 - BETA2)
        rate *= (1 - BETA2**self.step_count) ** 0.5 / (1 - BETA1**self.step_count)
        move = self.first / (self.second.sqrt() + EPSILON)
        for group in self.groups:
            group.write(move, group.back(group.read(move), self.dtype))
        self.parameters.sub_(move, alpha=rate)

    def _observe(self, gradient: Tensor) -> None:
        for group in self.groups:
            pieces = group.read(gradient)
            rows, columns = pieces.flatten(2), pieces.flatten(1, 2)
            for factor, product in zip(group.factors, (rows @ rows.mT, columns.mT @ columns)):
                factor.lerp_(product, 1 - MEMORY)
        if not self.started:
            self.started = True
            for group in self.groups:
                # on the CPU: a GPU takes seconds for hundreds of small matrices
                group.bases = [torch.linalg.eigh(each.cpu()).eigenvectors.to(each) for each in group.factors]

    def _renew(self) -> None:
        """One step of orthogonal iteration; Adam's moments go into the new bases, in which eigenvalues fall."""
        ahead: list[tuple[Tensor, Tensor]] = []
        for group in self.groups:
            group.write(self.first, group.back(group.read(self.first)))
            second = group.read(self.second)
            for side, (factor, basis) in enumerate(zip(group.factors, group.bases)):
                product = factor @ basis
                order = (product * basis).sum(1).argsort(1, descending=True)
                place = (order[:, :, None, None], order[:, None, None, :])[side].expand_as(second)
                second = second.gather(1 if side == 0 else 3, place)
                ahead.append(tuple(each.gather(2, order[:, None].expand_as(each)) for each in (product, basis)))
            group.write(self.second, second)
        bases = iter(orthonormal(ahead))
        for group in self.groups:
            group.bases = [next(bases), next(bases)]
            group.write(self.first, group.rotate(group.read(self.first)))

    def state(self) -> dict:
        """For a checkpoint: vectors on the CPU, factors and bases slot by slot, of inputs before outputs."""
        factors, bases = [], []
        for _, group, k, _ in _walk(self.by_layout, self.groups):
            factors += [each[k].flatten() for each in group.factors]
            bases += [each[k].flatten() for each in group.bases]
        return {
            "step": self.step_count,
            **{name: self.in_layout(getattr(self, name).detach().cpu()) for name in self.NAMES},
            "factors": torch.cat(factors).cpu(),
            "bases": torch.cat(bases).cpu(),
        }

    def in_layout(self, vector: Tensor) -> Tensor:
        """A vector of this optimiser in the order of the layout that it was given."""
        return _cat(vector, self.slots, self.by_layout)


def orthonormal(ahead: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
    """
    Q of the QR decompositions of products, each [k, n, n], signs aside.

    A GPU takes milliseconds for each small QR. There it is Cholesky's way, of all matrices of a size at once: with
    AᵀA = RᵀR, Q is A·R⁻¹, twice for its digits. The products are nearly orthogonal already, so that R is near the
    identity once columns have length 1. A multiple of the old basis keeps columns apart that a factor of low rank maps
    to nearly nothing; it changes no eigenvector.

    ahead: each product with the basis that it came from, columns in the same order
    """
    if ahead[0][0].device.type == "cpu":
        return [torch.linalg.qr(product).Q for product, _ in ahead]
    return orthonormal_by_cholesky(ahead)


def orthonormal_by_cholesky(ahead: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
    """The same on any device; where Cholesky's decomposition fails, the old basis stays."""
    found: list[Tensor] = [product for product, _ in ahead]
    for n in {product.shape[1] for product, _ in ahead}:
        places = [i for i, (product, _) in enumerate(ahead) if product.shape[1] == n]
        old = torch.cat([ahead[i][1] for i in places])
        a = torch.cat([ahead[i][0] for i in places]).double()
        a = a + (LEAST_EIGENVALUE * a.flatten(1).norm(dim=1)[:, None, None] + 1e-30) * old
        a = a / a.norm(dim=1, keepdim=True)
        failed = torch.zeros(len(a), dtype=torch.bool, device=a.device)
        for _ in range(2):
            r, info = torch.linalg.cholesky_ex(a.mT @ a, upper=True)
            failed |= info != 0
            a = torch.linalg.solve_triangular(r, a, upper=True, left=False)
        failed |= ~a.isfinite().flatten(1).all(1)
        q = torch.where(failed[:, None, None], old, a.float())
        for i, piece in zip(places, q.split([len(ahead[i][0]) for i in places])):
            found[i] = piece
    return found


def _cat(vector: Tensor, slots: list[Slot], order: list[Slot]) -> Tensor:
    """A vector whose tensors lie as `slots` says, in another order."""
    pieces = views(slots, vector)
    return torch.cat([pieces[slot.name].flatten() for slot in order])


def _shape_of(slot: Slot) -> tuple[int, int, int] | None:
    """Positions, inputs and outputs of a kernel."""
    if len(slot.shape) != 4:
        return None
    height, width, inputs, outputs = slot.shape
    return height * width, inputs, outputs


def _grouped(slots: list[Slot]) -> list[Group]:
    by_shape: dict[tuple[int, int, int], list[Slot]] = {}
    for slot in slots:
        if shape := _shape_of(slot):
            by_shape.setdefault(shape, []).append(slot)
    groups = []
    for shape, members in by_shape.items():
        sides = [torch.zeros(len(members), channels, channels) for channels in shape[1:]]
        groups.append(Group(members, shape, sides, [side.clone() for side in sides]))
    return groups


def _walk(slots: list[Slot], groups: list[Group], *vectors: Tensor):
    """Each kernel in the order of the slots: its group, its place there, and its two matrices of every vector."""
    places = {slot.name: (group, k) for group in groups for k, slot in enumerate(group.slots)}
    at = 0
    for slot in slots:
        if slot.name not in places:
            continue
        group, k = places[slot.name]
        inputs, outputs = group.shape[1:]
        middle, end = at + inputs**2, at + inputs**2 + outputs**2
        matrices = [(v[at:middle].view(inputs, inputs), v[middle:end].view(outputs, outputs)) for v in vectors]
        yield slot, group, k, matrices
        at = end


def new_state(slots: list[Slot], parameters: Tensor) -> dict:
    """Of a run that has not begun."""
    size = sum(slot.shape[2] ** 2 + slot.shape[3] ** 2 for slot in slots if len(slot.shape) == 4)
    zeros = torch.zeros_like(parameters)
    return {
        "step": 0,
        "parameters": parameters,
        "average": parameters.clone(),
        "first": zeros,
        "second": zeros.clone(),
        "factors": torch.zeros(size),
        "bases": torch.zeros(size),
    }
