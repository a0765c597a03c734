"""The registry of architectures: what a name in a checkpoint leads to, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gliner2_export import architectures
from gliner2_export.architectures import ARCHITECTURES, EARLIEST, NOT_YET, load_architecture
from gliner2_export.architectures.span.architecture import SpanArchitecture
from gliner2_lite.errors import CheckpointError

CONFIG = Path("somewhere/config.json")


def test_names_lead_to_implementations() -> None:
    assert isinstance(load_architecture("span", source=CONFIG), SpanArchitecture)
    assert EARLIEST in ARCHITECTURES and not ARCHITECTURES.keys() & NOT_YET.keys()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("boundary", r"config\.json: architecture 'boundary' \(GLiNER2\.5\) is not supported yet; export a"),
        ("cube", r"config\.json: unknown architecture 'cube'; this exporter knows 'span'$"),
    ],
)
def test_other_names_are_refused_with_the_file(name: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_architecture(name, source=CONFIG)


def test_a_second_architecture_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(architectures.ARCHITECTURES, "other", "collections:OrderedDict")
    assert load_architecture("other", source=CONFIG) == {}
    with pytest.raises(CheckpointError, match="knows 'span', 'other'"):
        load_architecture("cube", source=CONFIG)


def test_the_registry_imports_nothing_heavy() -> None:
    code = (
        "import sys, gliner2_export.architectures, gliner2_export.architectures.base\n"
        "print(sorted({'torch', 'onnx', 'optimum', 'numpy', 'gliner2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
