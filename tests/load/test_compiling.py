"""Writing compiled graphs: only where there is room, whole or not at all, and cleared away."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gliner2_lite import BundleError, cli
from gliner2_lite.load import compiled, compiling, loading
from gliner2_lite.load.compiled import GRAPH_NAME, LAST_USED_NAME
from tests.load.stores import TEXT, answers, compile_into, fingerprint_of, make_old, used, warnings_of


def test_auto_compiles_large_models_once(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    assert used(root, monkeypatch) == [root / "onnx" / "model.onnx"]
    assert not cache.exists(), "small models gain nothing"
    monkeypatch.setattr(loading, "COMPILE_FROM_BYTES", 0)
    (graph,) = used(root, monkeypatch)
    assert graph.is_relative_to(cache)
    made = graph.stat().st_mtime_ns
    assert used(root, monkeypatch) == [graph]
    assert graph.stat().st_mtime_ns == made
    assert [path.name for path in cache.iterdir()] == [graph.parent.name], "nothing half-made stays"
    assert used(root, monkeypatch, prepack="never") == [root / "onnx" / "model.onnx"]


@pytest.mark.parametrize("place", ["file", "under a file"])
def test_auto_works_without_a_place_to_write(
    root: Path, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loading, "COMPILE_FROM_BYTES", 0)
    (tmp_path / "file").write_text("in the way")
    cache = tmp_path / "file" if place == "file" else tmp_path / "file" / "below"
    assert used(root, monkeypatch, cache=cache) == [root / "onnx" / "model.onnx"]
    assert warnings_of(caplog) == []
    assert cli.main(["compile", str(root), "--output", str(cache)]) == 1


def test_a_full_disk_is_no_place_to_write(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(loading, "COMPILE_FROM_BYTES", 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1))
    assert used(root, monkeypatch) == [root / "onnx" / "model.onnx"]
    assert list((tmp_path / "cache").iterdir()) == []


def test_two_processes_compile_at_once(root: Path, tmp_path: Path) -> None:
    script = (
        "import sys, gliner2_lite.load.loading as l\nl.COMPILE_FROM_BYTES = 0\n"
        "from gliner2_lite import GLiNER2\n"
        "m = GLiNER2.from_pretrained(sys.argv[1])\n"
        f"print(m.extract_entities({TEXT!r}, ['person', 'city'], threshold=0.1, include_confidence=True))"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(root)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    printed = {process.communicate(timeout=120)[0] for process in running}
    assert [process.returncode for process in running] == [0] * 4
    assert printed == {f"{answers(root, prepack='never')}\n"}
    (entry,) = (tmp_path / "cache").iterdir()
    assert answers(root, prepack="require", verify="hash") == answers(root, prepack="never")
    assert not entry.name.startswith(".")


def test_a_busy_store_is_left_alone_and_an_abandoned_one_taken_over(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "COMPILE_FROM_BYTES", 0)
    wanted = fingerprint_of(root)
    partial = tmp_path / "cache" / f".{wanted.name}.partial"
    partial.mkdir(parents=True)
    assert used(root, monkeypatch) == [root / "onnx" / "model.onnx"]
    with pytest.raises(BundleError, match="another process is compiling"):
        compile_into(root, tmp_path / "cache")
    make_old(partial, 2 * compiling.ABANDONED_SECONDS)
    assert used(root, monkeypatch) == [root / "onnx" / "model.onnx"], "unasked, not again on the same day"
    assert compile_into(root, tmp_path / "cache").name == wanted.name
    shutil.rmtree(tmp_path / "cache")
    partial.mkdir(parents=True)
    make_old(partial, 2 * compiled.DAY_SECONDS)
    assert used(root, monkeypatch) == [tmp_path / "cache" / wanted.name / GRAPH_NAME]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [wanted.name]


@pytest.mark.parametrize(("free", "written"), [(2.9, False), (3.1, True), (None, True)])
def test_auto_compiles_only_where_memory_is_free(
    root: Path, tmp_path: Path, free: float | None, written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "COMPILE_FROM_BYTES", 0)
    size = sum(path.stat().st_size for path in (root / "onnx").iterdir())
    room = None if free is None else int(free * size)
    monkeypatch.setattr(compiling, "free_memory", lambda: room)
    assert (used(root, monkeypatch) != [root / "onnx" / "model.onnx"]) is written
    assert (tmp_path / "cache").exists() is written
    monkeypatch.setattr(compiling, "free_memory", lambda: 0)
    assert compile_into(root, tmp_path / "asked").is_dir(), "whoever asks for it gets it"


def test_auto_leaves_room_on_the_disk(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(loading, "COMPILE_FROM_BYTES", 0)
    monkeypatch.setattr(compiling, "DISK_RESERVE", 1 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1 << 30))
    assert used(root, monkeypatch) == [root / "onnx" / "model.onnx"]
    assert compile_into(root, tmp_path / "cache").is_dir()


def test_auto_clears_away_what_it_made_and_nobody_used(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "COMPILE_FROM_BYTES", 0)
    cache = tmp_path / "cache"

    def made_by(runtime: str, *, asked: bool = False) -> Path:
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(loading, "runtime_version", lambda: runtime)
            return compile_into(root, cache) if asked else used(root, monkeypatch)[0].parent

    old, kept, recent = made_by("0.1"), made_by("0.2", asked=True), made_by("0.3")
    asked_later = made_by("0.4")
    assert made_by("0.4", asked=True) == asked_later
    foreign, half = cache / "something", cache / ".int8-0.partial"
    foreign.mkdir()
    half.mkdir()
    for path in (old / LAST_USED_NAME, kept, foreign, asked_later, half):
        make_old(path, 2 * compiling.KEPT_SECONDS)
    make_old(recent / LAST_USED_NAME, compiling.KEPT_SECONDS / 2)
    now = made_by("0.5")
    assert set(cache.iterdir()) == {kept, recent, asked_later, foreign, now}


def test_an_interrupted_compilation_leaves_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(graph: Path, out: Path, **options: object) -> None:
        out.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(compiling, "write_prepacked", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compile_into(root, tmp_path / "store")
    assert list((tmp_path / "store").iterdir()) == []
