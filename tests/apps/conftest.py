"""What the integrations' tests share: the embedded model called directly, texts, and the examples' folder."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from gliner2_lite import GLiNER2

ROOT = Path(__file__).resolve().parent.parent.parent

# Set before the frameworks are imported: nothing is to be reported to anybody while tests run.
for name, value in {
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "RAY_USAGE_STATS_ENABLED": "0",
    "LANGSMITH_TRACING": "false",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "PYSPARK_PYTHON": sys.executable,
    "SPARK_LOCAL_IP": "127.0.0.1",
}.items():
    os.environ[name] = value


@pytest.fixture(scope="session")
def tiny() -> GLiNER2:
    """The embedded model; every integration must give its answers."""
    return GLiNER2.from_pretrained("tiny", threads=1)


@pytest.fixture(scope="session")
def sentences() -> list[str]:
    """A few hundred different texts."""
    people = ("Tim Cook", "Satya Nadella", "Alice Brown", "Lars Olsen", "Maria Lopez")
    companies = ("Apple", "Siemens", "Microsoft", "Google")
    cities = ("Oslo", "Madrid", "Austin", "Cupertino", "Paris")
    verbs = ("works for", "left", "praises")
    return [
        f"{person} {verb} {company} in {city}."
        for person in people
        for verb in verbs
        for company in companies
        for city in cities
    ]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], ModuleType]]:
    """``example(folder, module)`` imports a module of ``examples/folder`` afresh, as it is deployed there."""
    before = set(sys.modules)

    def load(folder: str, module: str) -> ModuleType:
        monkeypatch.syspath_prepend(str(ROOT / "examples" / folder))
        return importlib.import_module(module)

    yield load
    for name in set(sys.modules) - before:
        if str(ROOT / "examples") in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
