"""The seam: every architecture answers every question of the protocols, with the parameters they name."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from gliner2_export.architectures import ARCHITECTURES, load_architecture
from gliner2_export.architectures.base import Architecture, CheckpointConfig, Scoring, TorchGraph
from gliner2_export.architectures.span.graph import ExportGraph
from gliner2_export.architectures.span.scoring import SpanScoring
from gliner2_export.checkpoint.read import load_checkpoint


def questions(protocol: type) -> Iterator[tuple[str, list[str]]]:
    """The methods of a protocol, each with its parameters."""
    for name, method in inspect.getmembers(protocol, inspect.isfunction):
        if not name.startswith("_"):
            yield name, list(inspect.signature(method).parameters)


def check(implementation: type, protocol: type) -> None:
    asked = dict(questions(protocol))
    assert asked
    for name, parameters in asked.items():
        assert list(inspect.signature(getattr(implementation, name)).parameters) == parameters, name


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures_answer_every_question(name: str) -> None:
    check(type(load_architecture(name, source=Path("config.json"))), Architecture)


def test_what_they_give_does_too(bert_checkpoint: Path) -> None:
    check(ExportGraph, TorchGraph)
    check(SpanScoring, Scoring)
    loaded = load_checkpoint(bert_checkpoint)
    for graph in loaded.architecture.torch_graphs(loaded):
        for field in TorchGraph.__annotations__:
            assert hasattr(graph, field), field


def test_configs_extend_the_common_one(bert_checkpoint: Path) -> None:
    config = load_checkpoint(bert_checkpoint).config
    assert isinstance(config, CheckpointConfig) and type(config) is not CheckpointConfig
    assert (config.architecture, config.token_pooling) == ("span", "first")
