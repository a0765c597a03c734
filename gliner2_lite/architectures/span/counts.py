"""How many instances a task has, and the count-conditioned query of each (instance, label).

The formulas are those of the reference's counting layers. A GRU makes one step per instance.
Its input at step t is a learnt vector for t, and its first state is the label's marker state. The products
with the inputs are therefore constants of the checkpoint, and are stored as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gliner2_lite.errors import BundleError
from gliner2_lite.graph.numeric import FloatArray, gelu, layer_norm, relu, sigmoid, softmax

ATTENTION_HEADS = 4
#: Under this name the exporter stores what the GRU's input weights and step vectors come to.
INPUT_GATES = "gru.input_gates"


class Linear(NamedTuple):
    """``x @ weight + bias`` with ``weight`` already transposed to [in, out]."""

    weight: FloatArray
    bias: FloatArray

    def __call__(self, x: FloatArray) -> FloatArray:
        return np.asarray(x @ self.weight + self.bias, dtype=np.float32)


class CountHead:
    """The counting layer of a checkpoint, any of the three kinds."""

    def __init__(self, counting_layer: str, weights: Mapping[str, FloatArray], source: Path) -> None:
        if counting_layer not in COUNTING_LAYERS:
            known = ", ".join(COUNTING_LAYERS)
            raise BundleError(f"{source}: counting layer {counting_layer!r} is unknown; known are {known}")
        read = _Weights(weights, source)
        self._input_gates = read.input_gates()  # [20, 3H]
        self._state = Linear(_transposed(read("gru.weight_hh_l0")), read("gru.bias_hh_l0"))
        self._project = COUNTING_LAYERS[counting_layer](read)

    def queries(self, labels: Sequence[FloatArray], counts: Sequence[int]) -> list[FloatArray]:
        """Queries of several tasks at once.

        Args:
            labels: per task, the marker states [M, H].
            counts: per task, how many instances (1 … 20).

        Returns:
            per task, [count, M, H].
        """
        states = np.concatenate(labels)  # [sum M, H]
        steps = self._unroll(states, max(counts))  # [max count, sum M, H]
        unrolled, begin = [], 0
        for states_of_task, count in zip(labels, counts, strict=True):
            unrolled.append(steps[:count, begin : begin + len(states_of_task)])
            begin += len(states_of_task)
        return self._project(unrolled, labels)

    def _unroll(self, state: FloatArray, count: int) -> FloatArray:
        hidden = state.shape[1]
        steps = np.empty((count, *state.shape), dtype=np.float32)
        for step in range(count):
            inputs, kept = self._input_gates[step], self._state(state)  # [3H], [M, 3H]
            gates = sigmoid(inputs[: 2 * hidden] + kept[:, : 2 * hidden])
            reset, update = gates[:, :hidden], gates[:, hidden:]
            candidate = np.tanh(inputs[2 * hidden :] + reset * kept[:, 2 * hidden :])
            state = (1.0 - update) * candidate + update * state
            steps[step] = state
        return steps


class _Weights:
    """The arrays under ``count_embed.`` by short name; a missing one is a damaged bundle."""

    def __init__(self, arrays: Mapping[str, FloatArray], source: Path) -> None:
        self._arrays, self._source = arrays, source

    def __call__(self, name: str) -> FloatArray:
        full = f"count_embed.{name}"
        if full not in self._arrays:
            raise BundleError(f"{self._source}: array {full} is missing; export the checkpoint again")
        return self._arrays[full]

    def linear(self, name: str) -> Linear:
        return Linear(_transposed(self(f"{name}.weight")), self(f"{name}.bias"))

    def input_gates(self) -> FloatArray:
        """The GRU's input side at every step [20, 3H]: stored, or as the weights that it is made of."""
        if f"count_embed.{INPUT_GATES}" in self._arrays:
            return self(INPUT_GATES)
        positions = self("pos_embedding.weight")  # [20, H]
        gates = positions @ self("gru.weight_ih_l0").T + self("gru.bias_ih_l0")
        return np.asarray(gates, dtype=np.float32)


Projector = Callable[[list[FloatArray], Sequence[FloatArray]], list[FloatArray]]


class MlpProjector:
    """``count_lstm``: an MLP over the GRU state beside the marker state."""

    def __init__(self, read: _Weights) -> None:
        self._inner, self._outer = read.linear("projector.0"), read.linear("projector.2")

    def __call__(self, steps: list[FloatArray], labels: Sequence[FloatArray]) -> list[FloatArray]:
        rows = [
            np.concatenate([step, np.broadcast_to(label, step.shape)], axis=-1)
            for step, label in zip(steps, labels, strict=True)
        ]
        return _over_rows(lambda x: self._outer(relu(self._inner(x))), rows)


class TransformerProjector:
    """``count_lstm_v2``: two post-norm transformer layers across the labels of one instance."""

    def __init__(self, read: _Weights) -> None:
        self._enter = read.linear("transformer.in_projector")
        self._layers = [
            TransformerLayer(read, f"transformer.transformer.layers.{index}") for index in range(2)
        ]
        self._exit = [read.linear(f"transformer.out_projector.{index}") for index in (0, 2, 4)]

    def __call__(self, steps: list[FloatArray], labels: Sequence[FloatArray]) -> list[FloatArray]:
        rows = []
        for step, label in zip(steps, labels, strict=True):
            mixed = step + label  # [count, M, H]
            attended = self._enter(mixed)  # [count, M, 128]
            for layer in self._layers:
                attended = layer(attended)
            rows.append(np.concatenate([attended, mixed], axis=-1))
        first, second, third = self._exit
        return _over_rows(lambda x: third(relu(second(relu(first(x))))), rows)


class TransformerLayer:
    """torch's TransformerEncoderLayer (ReLU, norms after the residuals), labels attending to labels."""

    def __init__(self, read: _Weights, name: str) -> None:
        self._in = Linear(
            _transposed(read(f"{name}.self_attn.in_proj_weight")), read(f"{name}.self_attn.in_proj_bias")
        )
        self._out = read.linear(f"{name}.self_attn.out_proj")
        self._grow, self._shrink = read.linear(f"{name}.linear1"), read.linear(f"{name}.linear2")
        self._norms = [(read(f"{name}.norm{i}.weight"), read(f"{name}.norm{i}.bias")) for i in (1, 2)]

    def __call__(self, x: FloatArray) -> FloatArray:
        count, labels, width = x.shape
        packed = self._in(x).reshape(count, labels, 3, ATTENTION_HEADS, width // ATTENTION_HEADS)
        query, key, value = packed.transpose(2, 0, 3, 1, 4)  # each [count, heads, M, d]
        scale = np.float32(1.0 / np.sqrt(width // ATTENTION_HEADS))
        weights = softmax((query * scale) @ key.swapaxes(-1, -2))  # [count, heads, M, M]
        attended = (weights @ value).transpose(0, 2, 1, 3).reshape(count, labels, width)
        x = layer_norm(x + self._out(attended), *self._norms[0])
        return layer_norm(x + self._shrink(relu(self._grow(x))), *self._norms[1])


class ExpertProjector:
    """``count_lstm_moe``: four MLP experts on the GRU state, mixed by a router."""

    def __init__(self, read: _Weights) -> None:
        self._inner, self._inner_bias = read("w1"), read("b1")  # [4, H, 2H], [4, 2H]
        self._outer, self._outer_bias = read("w2"), read("b2")  # [4, 2H, H], [4, H]
        self._router = read.linear("router.0"), read.linear("router.2")

    def __call__(self, steps: list[FloatArray], labels: Sequence[FloatArray]) -> list[FloatArray]:
        return _over_rows(self._mix, steps)

    def _mix(self, x: FloatArray) -> FloatArray:
        first, second = self._router
        gates = softmax(second(gelu(first(x))))  # [R, 4]
        hidden = gelu(x @ self._inner + self._inner_bias[:, None])  # [4, R, 2H]
        experts = hidden @ self._outer + self._outer_bias[:, None]  # [4, R, H]
        return np.asarray(np.einsum("re,erh->rh", gates, experts), dtype=np.float32)


#: Name in a checkpoint's config → what makes queries of the GRU's steps.
COUNTING_LAYERS: dict[str, Callable[[_Weights], Projector]] = {
    "count_lstm": MlpProjector,
    "count_lstm_v2": TransformerProjector,
    "count_lstm_moe": ExpertProjector,
}


def _over_rows(function: Callable[[FloatArray], FloatArray], parts: list[FloatArray]) -> list[FloatArray]:
    """Apply ``function`` once to the rows of all parts [count, M, D]; each part gets its own rows back."""
    flat = np.concatenate([part.reshape(-1, part.shape[-1]) for part in parts])
    out, results, begin = function(flat), [], 0
    for part in parts:
        size = part.shape[0] * part.shape[1]
        results.append(out[begin : begin + size].reshape(*part.shape[:2], -1))
        begin += size
    return results


def _transposed(weight: FloatArray) -> FloatArray:
    return np.ascontiguousarray(weight.T)
