"""The session: what it keeps onnxruntime from doing, and what a failed run says."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gliner2_lite import BundleError, GLiNER2, RunError, Schema
from gliner2_lite.architectures.span.config import CONTRACT
from gliner2_lite.graph import session as session_module
from gliner2_lite.graph.session import GraphSession, misaligned_weights, write_prepacked

ANSWER = "{'entities': {'person': ['Tim Cook']}}"
USE = (
    "from gliner2_lite import GLiNER2\n"
    "print(GLiNER2.from_pretrained('tiny', threads=1).extract_entities('Tim Cook sang.', ['person']))\n"
)


def test_onnxruntime_reports_nothing_and_writes_no_file(tmp_path: Path) -> None:
    """Recent releases send usage data and keep them under ~/.cache unless they are told not to."""
    unset = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_", "CI"))}
    code = USE + "import os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**unset, "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.splitlines() == [ANSWER, "1"], done.stderr
    assert list(tmp_path.rglob("*")) == []


def test_the_users_own_setting_is_kept(tmp_path: Path) -> None:
    code = "import gliner2_lite.graph.session, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "ORT_DISABLE_TELEMETRY": "0"},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["0"]


def test_a_graph_that_cannot_be_read_prints_nothing(
    small_bundle: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """onnxruntime would say on standard output, among a program's results, that it tries the CPU instead."""
    data = (small_bundle / "onnx" / "model.onnx").read_bytes()
    graph = tmp_path / "model.onnx"
    graph.write_bytes(data.replace(b"MatMul", b"\xafatMul"))  # its message is not UTF-8: a ValueError
    with pytest.raises(BundleError, match="cannot be loaded by onnxruntime"):
        GraphSession(graph, CONTRACT)
    assert capfd.readouterr().out == ""


def test_a_failed_run_names_its_size_and_the_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def run(self, *_: object) -> object:
            raise Exception("bad_alloc")  # as onnxruntime's own classes derive

    model = GLiNER2.from_pretrained("tiny", threads=1)
    monkeypatch.setattr(model.pipeline.loaded.session, "_session", Failing())
    with pytest.raises(RunError, match=r"failed on 2 texts with up to \d+ tokens \(bad_alloc\).*batch_size"):
        model.batch_extract(["Ann.", "Bob."], Schema().entities(["person"]))


@pytest.mark.parametrize(
    ("entry", "misaligned"),
    [
        (b"MatMul+110629|1690624;49152;0", False),
        (b"MatMul+110629|1690656;49152;0", True),
        (b"FusedGemm+7|128;64;0|200;64;0", True),
        (b"MatMulIntegerToFloat+158913|1492488;148992;0", False),  # bytes may lie anywhere
        (b"prepacked_0", False),
    ],
)
def test_places_of_packed_weights_are_read_from_a_compiled_graph(entry: bytes, misaligned: bool) -> None:
    assert misaligned_weights(b"\x12\x0bprepacked_0\x12\x1d" + entry + b"\n\x06weight") is misaligned


def test_a_compiled_graph_that_would_crash_is_an_error(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "misaligned_weights", lambda graph: len(graph) > 0)
    with pytest.raises(BundleError, match=r'cannot be compiled by onnxruntime .*"onnxruntime>=1\.32"'):
        write_prepacked(small_bundle / "onnx" / "model.onnx", tmp_path / "model.onnx", entries={})


def test_the_embedded_model_compiles_and_answers(tmp_path: Path) -> None:
    """In a process of its own: what is packed wrongly ends it without an exception."""
    code = """
        import sys
        from gliner2_lite import GLiNER2, cli
        assert cli.main(["compile", "tiny", "--output", sys.argv[1]]) == 0
        texts = ["Tim Cook lives in Austin.", "Ann Lee moved to Oslo."]
        models = [GLiNER2.from_pretrained("tiny", threads=1, prepack="never")]
        models.append(GLiNER2.from_pretrained("tiny", threads=1, prepack="require", cache=sys.argv[1]))
        first, second = (model.batch_extract_entities(texts, ["person", "city"]) for model in models)
        assert first == second and first[0]["entities"]["person"], (first, second)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
