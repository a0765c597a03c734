"""What the tests of compiled graphs ask: which graph a load opens, and what it answers."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import pytest

from gliner2_lite import GLiNER2
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.graph.session import Contract, runtime_version
from gliner2_lite.load import compiled, loading
from gliner2_lite.load.compiled import Fingerprint
from gliner2_lite.load.loading import compile_bundle

TEXT = "Ann Smith of Siemens met Bob in Oslo on Monday."


def answers(root: Path, **options: object) -> dict[str, object]:
    model = GLiNER2.from_pretrained(root, **options)
    return model.extract_entities(TEXT, ["person", "city"], threshold=0.1, include_confidence=True)


def used(root: Path, monkeypatch: pytest.MonkeyPatch, **options: object) -> list[Path]:
    """The graphs that a load opens, in order."""
    opened: list[Path] = []
    real = loading.GraphSession

    def record(graph: Path, contract: Contract, **settings: object) -> object:
        opened.append(graph)
        return real(graph, contract, **settings)

    with monkeypatch.context() as patched:
        patched.setattr(loading, "GraphSession", record)
        GLiNER2.from_pretrained(root, **options)
    return opened


def compile_into(root: Path, store: Path) -> Path:
    """The entry's directory."""
    return compile_bundle(read_bundle(root), None, store).parent


def fingerprint_of(root: Path, entries: dict[str, str] | None = None) -> Fingerprint:
    """What fits the bundle here."""
    bundle = read_bundle(root)
    wanted = compiled.fingerprint(bundle, bundle.choose(None), entries or {}, runtime=runtime_version())
    assert wanted is not None
    return wanted


def warnings_of(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records if record.levelno >= logging.WARNING]


def make_old(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))
