"""``compile``: where the graph goes, and what is printed. tests/load has the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliner2_lite.bundle.manifest import Bundle
from gliner2_lite.load import compiled, loading
from tests.cli.running import run


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str | None, Path]]:
    """Variant and store of each compilation asked for; none is done."""
    asked: list[tuple[str | None, Path]] = []

    def compile_bundle(bundle: Bundle, variant: str | None, store: Path) -> Path:
        asked.append((variant, store))
        return store / "entry" / "model.onnx"

    monkeypatch.setattr(loading, "compile_bundle", compile_bundle)
    return asked


def test_a_directory_keeps_its_graph_other_models_use_the_cache(
    stores: list[tuple[str | None, Path]],
    small_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GLINER2_LITE_CACHE", str(tmp_path / "cache"))
    beside = small_bundle / "compiled"
    assert run(["compile", str(small_bundle)], capsys) == (0, [str(beside / "entry")], "")
    assert run(["compile", "tiny"], capsys) == (0, [str(tmp_path / "cache" / "entry")], "")
    assert run(["compile", "tiny", "--variant", "int8", "--output", str(tmp_path / "x")], capsys)[0] == 0
    assert stores == [(None, beside), (None, tmp_path / "cache"), ("int8", tmp_path / "x")]


def test_without_a_home_the_place_must_be_named(
    stores: list[tuple[str | None, Path]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compiled, "default_cache", lambda: None)
    code, out, err = run(["compile", "tiny"], capsys)
    assert (code, out, stores) == (1, [], []) and "say where with --output DIR" in err


def test_a_damaged_bundle_is_not_compiled(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gliner2_lite.json").write_text("{}")
    code, _, err = run(["compile", str(tmp_path)], capsys)
    assert code == 1 and "format_version is missing" in err
