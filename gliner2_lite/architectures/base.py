"""The interface between the pipeline and an architecture.

The pipeline encodes texts and runs the graph. An architecture turns the graph's arrays into scores, of a type
of its own, and the scores into the answers of :mod:`gliner2_lite.answers.types`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar, Protocol, TypeVar

from gliner2_lite.answers.types import Answers
from gliner2_lite.architectures import ARCHITECTURES
from gliner2_lite.bundle.manifest import Bundle, Variant
from gliner2_lite.errors import BundleError
from gliner2_lite.graph.encode import Request, Sample
from gliner2_lite.graph.numeric import Arrays
from gliner2_lite.graph.session import Contract

Scores = TypeVar("Scores")


class DecodeOptions(Protocol):
    """The options of a call that decoding reads."""

    @property
    def threshold(self) -> float:
        """Probability from which a span counts, unless the schema says otherwise."""

    @property
    def policy(self) -> str | None:
        """Which of overlapping spans stay: a canonical overlap policy, or None for the default."""


class Architecture(Protocol[Scores]):
    """Turns the arrays of one loaded model's graph into typed answers; used from several threads."""

    contract: ClassVar[Contract]

    @classmethod
    def open(cls, bundle: Bundle, variant: Variant) -> Architecture[Scores]:
        """Read the architecture's part of the manifest; weights are read when they are first needed.

        Raises:
            BundleError: the manifest lacks a field, or has one that cannot be used.
        """

    def extra_inputs(self, requests: Sequence[Request]) -> Arrays:
        """The ``extra_inputs`` of the contract for a batch, one row per request."""

    def score(self, arrays: Arrays, row: int, request: Request) -> Scores:
        """The scores of the text in ``row`` of a batch."""

    def decode(self, scores: Scores, sample: Sample, options: DecodeOptions) -> Answers:
        """The answers to all tasks of a text's prompt."""


def find_architecture(bundle: Bundle) -> type[Architecture[Any]]:
    """The implementation that a bundle's manifest asks for.

    Raises:
        BundleError: this version has none of that name.
    """
    if bundle.architecture not in ARCHITECTURES:
        known = ", ".join(map(repr, ARCHITECTURES))
        raise BundleError(
            f"{bundle.manifest}: architecture {bundle.architecture!r} is not supported, only {known}"
        )
    module, name = ARCHITECTURES[bundle.architecture]
    implementation: type[Architecture[Any]] = getattr(import_module(module), name)
    return implementation
