"""Torch functions that choose the ONNX nodes they are traced to.

The same results as the torch functions they stand for, but a leaner graph: the tracer spells a reshape
as Shape, Gather, Unsqueeze and Concat around the Reshape; a residual sum as an Add that onnxruntime
merges with the following norm into SkipLayerNormalization, whose CPU kernel is several times slower
than the two it replaces; and it knows no int32 index, which for GatherElements is as large as the data.
"""

from __future__ import annotations

import torch
from torch import Tensor


class _SplitLast(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, states: Tensor, parts: int) -> Tensor:
        return states.unflatten(2, (parts, -1))

    @staticmethod
    def symbolic(g: object, states: object, parts: int) -> object:
        shape = g.op("Constant", value_t=torch.tensor([0, 0, parts, -1]))
        return g.op("Reshape", states, shape)


class _MergeLast(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, states: Tensor) -> Tensor:
        return states.flatten(2)

    @staticmethod
    def symbolic(g: object, states: object) -> object:
        return g.op("Reshape", states, g.op("Constant", value_t=torch.tensor([0, 0, -1])))


class _UnfusedSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, left: Tensor, right: Tensor) -> Tensor:
        return left + right

    @staticmethod
    def symbolic(g: object, left: object, right: object) -> object:
        return g.op("Sum", left, right)


class _GatherElements(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, source: Tensor, axis: int, index: Tensor) -> Tensor:
        return torch.gather(source, axis, index.long())

    @staticmethod
    def symbolic(g: object, source: object, axis: int, index: object) -> object:
        return g.op("GatherElements", source, index, axis_i=axis)


def split_last(states: Tensor, parts: int) -> Tensor:
    """[X, Y, parts · Z] → [X, Y, parts, Z] as one Reshape."""
    return _SplitLast.apply(states, parts)


def merge_last(states: Tensor) -> Tensor:
    """[X, Y, parts, Z] → [X, Y, parts · Z] as one Reshape."""
    return _MergeLast.apply(states)


def residual_sum(left: Tensor, right: Tensor) -> Tensor:
    """``left + right`` of equal shapes as a Sum node, which the norm after it is not merged into."""
    return _UnfusedSum.apply(left, right)


def gather_elements(source: Tensor, axis: int, index: Tensor) -> Tensor:
    """``torch.gather`` that also takes an int32 ``index``, which halves the memory it needs."""
    return _GatherElements.apply(source, axis, index)
