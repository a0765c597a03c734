"""Compiled graphs: same answers, used only where they fit, never when they are damaged."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gliner2_lite import BundleError, GLiNER2, InputError, cli
from gliner2_lite.architectures.span.config import CONTRACT
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.graph.profiles import SessionSettings
from gliner2_lite.load import compiled, compiling, loading
from gliner2_lite.load.compiled import DATA_NAME, GRAPH_NAME, LAST_USED_NAME, RECORD_NAME, STORE_NAME
from gliner2_lite.load.loading import LoadOptions, open_graph
from tests.load.stores import answers, compile_into, fingerprint_of, make_old, used, warnings_of


def test_the_command_compiles_beside_the_model_and_answers_stay_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = answers(root, prepack="never")
    assert cli.main(["compile", str(root)]) == 0
    entry = Path(capsys.readouterr().out.strip())
    assert entry.parent == root / STORE_NAME
    assert {path.name for path in entry.iterdir()} == {GRAPH_NAME, DATA_NAME, RECORD_NAME}
    assert used(root, monkeypatch) == [entry / GRAPH_NAME]
    assert used(root, monkeypatch, prepack="require", verify="hash") == [entry / GRAPH_NAME]
    assert used(root, monkeypatch, prepack="never") == [root / "onnx" / "model.onnx"]
    assert answers(root, prepack="require") == plain
    before = (entry / GRAPH_NAME).stat().st_mtime_ns
    assert cli.main(["compile", str(root)]) == 0
    assert (entry / GRAPH_NAME).stat().st_mtime_ns == before, "a sound entry is not made again"


def test_output_names_the_directory_that_cache_reads(root: Path, tmp_path: Path) -> None:
    store = tmp_path / "made" / "here"
    assert cli.main(["compile", str(root), "--output", str(store)]) == 0
    assert not (root / STORE_NAME).exists()
    assert answers(root, prepack="require", cache=store) == answers(root, prepack="never")
    with pytest.raises(BundleError, match="no compiled fp32 graph.*gliner2-lite compile"):
        answers(root, prepack="require")


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("load.loading.runtime_version", "0.0.1", "onnxruntime 0.0.1"),
        ("load.compiled.cpu_features", "linux x86_64 other", "another CPU"),
    ],
)
def test_a_graph_compiled_elsewhere_is_ignored_with_one_line(
    root: Path,
    name: str,
    value: str,
    named: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(f"gliner2_lite.{name}", lambda: value)
        compile_into(root, root / STORE_NAME)
    for _ in range(2):
        assert used(root, monkeypatch) == [root / "onnx" / "model.onnx"]
    (warning,) = warnings_of(caplog)
    assert named in warning and "\n" not in warning
    with pytest.raises(BundleError, match="no compiled fp32 graph"):
        answers(root, prepack="require")


def test_another_bundle_with_the_same_name_does_not_fit(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compile_into(root, root / STORE_NAME)
    manifest = json.loads((root / "gliner2_lite.json").read_text())
    manifest["files"]["onnx/model.onnx"]["sha256"] = "0" * 64
    (root / "gliner2_lite.json").write_text(json.dumps(manifest))
    assert used(root, monkeypatch) == [root / "onnx" / "model.onnx"]
    assert warnings_of(caplog) == []


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def wipe(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def garbage(path: Path) -> None:
    path.write_text("[" * 100_000)


@pytest.mark.parametrize(
    ("name", "damage"),
    [(GRAPH_NAME, cut), (GRAPH_NAME, flip), (GRAPH_NAME, Path.unlink), (DATA_NAME, cut), (DATA_NAME, wipe),
     (DATA_NAME, Path.unlink), (RECORD_NAME, Path.unlink), (RECORD_NAME, garbage), (RECORD_NAME, wipe)],
)  # fmt: skip
def test_damaged_entries_are_never_used(
    root: Path,
    name: str,
    damage: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = compile_into(root, root / STORE_NAME)
    damage(entry / name)
    for _ in range(2):
        assert used(root, monkeypatch) == [root / "onnx" / "model.onnx"]
    (warning,) = warnings_of(caplog)
    assert str(entry) in warning and "is damaged" in warning and "\n" not in warning
    with pytest.raises(BundleError, match="no compiled fp32 graph"):
        answers(root, prepack="require")
    assert compile_into(root, root / STORE_NAME) == entry, "compiling again repairs it"
    assert used(root, monkeypatch, prepack="require") == [entry / GRAPH_NAME]


def test_one_changed_weight_is_found_by_the_hash(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = compile_into(root, root / STORE_NAME)
    data = bytearray((entry / DATA_NAME).read_bytes())
    data[5000] ^= 1  # between the blocks that every load compares
    (entry / DATA_NAME).write_bytes(data)
    assert used(root, monkeypatch, verify="hash") == [root / "onnx" / "model.onnx"]


def test_an_entry_under_a_wrong_name_is_not_believed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(compiled, "cpu_features", lambda: "linux x86_64 other")
        entry = compile_into(root, root / STORE_NAME)
    wanted = fingerprint_of(root)
    entry.rename(entry.with_name(wanted.name))
    assert used(root, monkeypatch) == [root / "onnx" / "model.onnx"]


def test_a_graph_that_does_not_load_gives_way_to_the_portable_one(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A record that agrees with a graph of rubbish: only onnxruntime can tell."""
    entry = compile_into(root, root / STORE_NAME)
    (entry / GRAPH_NAME).write_bytes(b"rubbish")
    wanted = fingerprint_of(root)
    compiling.write_record(entry, wanted)
    assert used(root, monkeypatch) == [entry / GRAPH_NAME, root / "onnx" / "model.onnx"]
    assert len(warnings_of(caplog)) == 1
    with pytest.raises(BundleError, match="cannot be loaded"):
        answers(root, prepack="require")


def test_session_entries_that_change_the_packing_have_a_graph_of_their_own(root: Path) -> None:
    plain = fingerprint_of(root)
    assert fingerprint_of(root, {"session.intra_op.allow_spinning": "0"}) == plain
    option = {"mlas.enable_gemm_fastmath_arm64_bfloat16": "1"}
    assert fingerprint_of(root, option).name != plain.name
    compile_into(root, root / STORE_NAME)
    with pytest.raises(
        BundleError, match="with session_options mlas.enable.*; load it once with prepack='auto'"
    ):
        answers(root, prepack="require", session_options=option)


def test_a_use_is_noted_once_a_day(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "COMPILE_FROM_BYTES", 0)
    mark = used(root, monkeypatch)[0].parent / LAST_USED_NAME
    for age, noted in ((compiled.DAY_SECONDS / 2, False), (2 * compiled.DAY_SECONDS, True)):
        make_old(mark, age)
        used(root, monkeypatch)
        assert (time.time() - mark.stat().st_mtime < 3600) is noted


def test_info_tells_what_is_compiled(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info", str(root)]) == 0
    assert "compiled fp32  no, not for this CPU and onnxruntime\n" in capsys.readouterr().out
    entry = compile_into(root, root / STORE_NAME)
    assert cli.main(["info", str(root)]) == 0
    assert f"compiled fp32  {entry}\n" in capsys.readouterr().out
    assert cli.main(["info", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["compiled"] == {"fp32": str(entry)}


def test_workers_do_not_compile_what_this_process_could_not(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert GLiNER2.from_pretrained(root).pipeline.loaded.again.prepack == "never"
    compile_into(root, root / STORE_NAME)
    assert GLiNER2.from_pretrained(root).pipeline.loaded.again.prepack == "auto"


def test_an_unknown_cpu_has_no_compiled_graph(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "cpu_features", lambda: None)
    monkeypatch.setattr(loading, "COMPILE_FROM_BYTES", 0)
    assert used(root, monkeypatch) == [root / "onnx" / "model.onnx"]
    with pytest.raises(BundleError, match="CPU cannot be told"):
        compile_into(root, root / STORE_NAME)
    with pytest.raises(BundleError, match="prepack='require' is not possible here"):
        answers(root, prepack="require")


def test_prepack_and_providers(root: Path) -> None:
    with pytest.raises(InputError, match="prepack must be one of 'auto', 'never', 'require'"):
        answers(root, prepack="yes")
    with pytest.raises(InputError, match="cache must be a directory or None, not 3"):
        answers(root, cache=3)
    bundle = read_bundle(root)
    settings = SessionSettings(providers=("AzureExecutionProvider", "CPUExecutionProvider"))
    with pytest.raises(InputError, match="for the CPU alone"):
        open_graph(bundle, bundle.choose(None), CONTRACT, settings, LoadOptions(prepack="require"))


def test_a_compiled_damaged_bundle_is_refused_by_the_command(root: Path) -> None:
    graph = root / "onnx" / "model.onnx"
    data = graph.read_bytes()
    graph.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert cli.main(["compile", str(root)]) == 1
    assert not (root / STORE_NAME).exists()
