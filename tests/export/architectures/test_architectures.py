"""The registry of architectures: what a name in a checkpoint leads to, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gliner2_export import architectures
from gliner2_export.architectures import ARCHITECTURES, EARLIEST, load_architecture
from gliner2_export.architectures.span.architecture import SpanArchitecture
from gliner2_lite.bundle.kinds import NOT_YET
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


def test_no_other_room_knows_one_by_name() -> None:
    """They ask ``base.Architecture``; only the registry leads to a folder of an architecture."""
    package = Path(architectures.__file__).parent.parent
    folders = [name.partition(":")[0].rsplit(".", 1)[0] for name in ARCHITECTURES.values()]
    knowing = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if not path.is_relative_to(package / "architectures")
        and any(folder in path.read_text(encoding="utf-8") for folder in folders)
    }
    assert knowing == set()
