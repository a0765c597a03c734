"""The interface between the exporter and an architecture.

A checkpoint's config names its architecture. The implementation reads the rest of that config, makes the
torch modules that trace to the graph, says which head weights stay in NumPy, and scores the outputs of a
graph, for the comparison of torch, fp32 and int8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from optimum.exporters.onnx import OnnxConfig
    from torch import Tensor, nn
    from transformers import PretrainedConfig

    from gliner2_export.checkpoint.read import Checkpoint
    from gliner2_lite.answers.types import TaskAnswer
    from gliner2_lite.graph.batch import Batch
    from gliner2_lite.graph.encode import Sample


@dataclass(frozen=True)
class CheckpointConfig:
    """The fields of ``config.json`` that every architecture has, with the reference's defaults applied.

    An architecture adds its fields in a class derived from this one.
    """

    architecture: str
    token_pooling: str


class TorchGraph(Protocol):
    """A torch module in eval mode that traces to the whole graph, and what tracing and checking it needs."""

    config: PretrainedConfig  # of the encoder
    output_names: tuple[str, ...]
    trace_sizes: Mapping[str, int]  # axes of the batch that is traced, as the ONNX config takes them

    def __call__(self, **inputs: Tensor) -> dict[str, Tensor]:
        """The outputs by name."""

    def onnx_config(self, *, vocab_size: int) -> OnnxConfig:
        """Names and dynamic axes of inputs and outputs, for Optimum."""

    def random_batch(self, *, vocab_size: int, seed: int = 0) -> dict[str, np.ndarray]:
        """Graph inputs by name, of the shape that is traced; may hold some that this graph does not read."""

    def checked_batches(
        self, *, vocab_size: int, max_positions: int | None
    ) -> Iterator[dict[str, np.ndarray]]:
        """Batches that have every axis at its shortest and longest, with and without padding."""


class TorchGraphs(NamedTuple):
    """The module that is exported, and the ``reference`` with the encoder as transformers has it."""

    exported: TorchGraph
    reference: TorchGraph


class Scoring(Protocol):
    """From the outputs of a graph to probabilities and answers, with the head weights of one variant.

    ``sample`` is alone in ``batch``; ``outputs`` are arrays by name.
    """

    def probabilities(
        self, sample: Sample, batch: Batch, outputs: Mapping[str, np.ndarray], like: Mapping[str, np.ndarray]
    ) -> list[np.ndarray]:
        """Per task of the prompt, float32 [cells]. The number of cells is decided by the outputs
        ``like``, so that the cells of two models correspond."""

    def answers(
        self, sample: Sample, batch: Batch, outputs: Mapping[str, np.ndarray], *, threshold: float
    ) -> Sequence[TaskAnswer]:
        """The typed answer of every task of the prompt."""


class Architecture(Protocol):
    """One model architecture. Implementations have no state and are made without arguments."""

    def read_config(self, raw: Mapping[str, Any], common: CheckpointConfig, path: Path) -> CheckpointConfig:
        """``common`` and this architecture's fields of ``raw``, the content of the config.json at ``path``.

        Raises CheckpointError naming the file and the field.
        """

    def manifest_config(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """The section ``config`` of the manifest, which the runtime's architecture of that name parses."""

    def heads_in_words(self, checkpoint: Checkpoint) -> str:
        """A short description of the heads, for the model card."""

    def torch_graphs(self, checkpoint: Checkpoint) -> TorchGraphs:
        """Both modules, which share their weights."""

    def head_weights(self, extractor: nn.Module) -> dict[str, np.ndarray]:
        """The tensors that the runtime scores with, by name; nothing is rounded."""

    def rounded_weights(self, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """``weights`` for the int8 variant, stored as small as its accuracy allows."""

    def scoring(self, heads: Path, checkpoint: Checkpoint) -> Scoring:
        """Scoring with the head weights of the file ``heads``."""
