"""Directory → loaded model: what is checked, in which order, and how a worker loads the same again."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import BundleError, BundleNotFoundError, GLiNER2, InputError, InputTypeError
from gliner2_lite.bundle.manifest import MANIFEST_NAME, TOKENIZER_NAME, read_bundle
from gliner2_lite.load.compiled import STORE_NAME
from gliner2_lite.load.loading import LoadedModel, LoadOptions, compile_bundle, load

GRAPH = "onnx/model.onnx"


@pytest.fixture
def root(small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLINER2_LITE_CACHE", str(tmp_path / "cache"))
    return Path(shutil.copytree(small_bundle, tmp_path / "bundle"))


def edit(root: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((root / MANIFEST_NAME).read_text(encoding="utf-8"))
    change(manifest)
    (root / MANIFEST_NAME).write_text(json.dumps(manifest), encoding="utf-8")


def answers(loaded: LoadedModel) -> dict[str, Any]:
    text = "Ann Smith of Siemens met Bob in Oslo on Monday."
    return GLiNER2(loaded).extract_entities(text, ["person", "city"], 0.1, include_confidence=True)


def test_the_cheapest_checks_come_first(root: Path, small_bundle: Path) -> None:
    """Everything is wrong at once; each thing that is put right brings the next error to light."""
    wrong: dict[str, Any] = {
        "verify": "no", "prepack": "no", "cache": 3, "profile": "no", "variant": "fp16",
    }  # fmt: skip
    original = json.loads((root / MANIFEST_NAME).read_text(encoding="utf-8"))
    (root / MANIFEST_NAME).unlink()
    sound = {name: (root / name).read_bytes() for name in (TOKENIZER_NAME, GRAPH)}
    (root / TOKENIZER_NAME).write_bytes(b"?")
    (root / GRAPH).write_bytes(b"?")

    def put_back(name: str) -> None:
        (root / name).write_bytes(sound[name])

    def write_manifest() -> None:
        broken = json.loads(json.dumps(original)) | {"architecture": "cube"}
        broken["config"]["max_width"] = None
        (root / MANIFEST_NAME).write_text(json.dumps(broken), encoding="utf-8")

    def size_of(name: str, size: int | None) -> None:
        size = original["files"][name]["size"] if size is None else size
        edit(root, lambda manifest: manifest["files"][name].update(size=size))

    steps: list[tuple[type[Exception], str, Callable[[], object]]] = [
        (InputError, "verify must be one of 'size', 'hash'", lambda: wrong.pop("verify")),
        (InputError, "prepack must be one of", lambda: wrong.pop("prepack")),
        (InputTypeError, "cache must be a directory", lambda: wrong.pop("cache")),
        (InputError, "profile must be one of", lambda: wrong.pop("profile")),
        (BundleNotFoundError, "is not a bundle", write_manifest),
        (BundleError, "architecture 'cube'", lambda: edit(root, lambda m: m.update(architecture="span"))),
        (InputError, "no variant 'fp16'", lambda: wrong.pop("variant")),
        (
            BundleError,
            "config.max_width",
            lambda: edit(root, lambda m: m.update(config=original["config"])),
        ),
        (BundleError, r"model\.onnx has 1 bytes", lambda: size_of(GRAPH, 1)),
        (BundleError, r"tokenizer\.json has 1 bytes", lambda: size_of(TOKENIZER_NAME, 1)),
        (BundleError, r"tokenizer\.json", lambda: (put_back(TOKENIZER_NAME), size_of(TOKENIZER_NAME, None))),
        (
            BundleError,
            r"model\.onnx cannot be loaded by onnxruntime",
            lambda: (put_back(GRAPH), size_of(GRAPH, None)),
        ),
    ]
    for error, message, put_right in steps:
        with pytest.raises(error, match=message):
            load(root, LoadOptions(**wrong))
        put_right()
    assert wrong == {}
    assert answers(load(root, LoadOptions())) == answers(load(small_bundle, LoadOptions()))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"verify": None}, InputError, "verify must be one of 'size', 'hash', not None"),
        ({"verify": "HASH"}, InputError, "not 'HASH'"),
        ({"verify": True}, InputError, "not True"),
        ({"prepack": None}, InputError, "prepack must be one of 'auto', 'never', 'require', not None"),
        ({"prepack": False}, InputError, "not False"),
        ({"prepack": ["auto"]}, InputError, "prepack must be one of"),
        ({"cache": 3}, InputTypeError, "cache must be a directory or None, not 3"),
        ({"cache": b"/tmp"}, InputTypeError, "cache must be"),
        ({"threads": 0}, InputError, "threads must be a positive integer"),
        ({"providers": "CPUExecutionProvider"}, InputTypeError, "providers must be a list"),
        ({"session_options": "x"}, InputTypeError, "session_options must be a dict"),
    ],
)
def test_bad_values_are_refused_before_the_directory_is_looked_at(
    tmp_path: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        load(tmp_path / "nowhere", LoadOptions(**options))


def test_contents_are_compared_on_request(root: Path) -> None:
    """A change that keeps the size, in a file that no load looks into."""
    heads = read_bundle(root).choose(None).heads
    data = (root / heads).read_bytes()
    (root / heads).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    load(root, LoadOptions(verify="size"))
    with pytest.raises(BundleError, match=rf"{heads}.* was altered"):
        load(root, LoadOptions(verify="hash"))


def test_a_worker_loads_the_same_model_again(root: Path) -> None:
    given = LoadOptions(
        profile="edge", threads=1, verify="hash", session_options={"session.set_denormal_as_zero": 1}
    )
    first = load(root, given)
    again = pickle.loads(pickle.dumps(first.again))
    assert (again.variant, again.profile, again.threads) == ("fp32", "edge", 1)
    assert again.session_options == {"session.set_denormal_as_zero": "1"}
    assert again.providers == ["CPUExecutionProvider"]
    assert again.verify == "size", "the files were compared once already"
    second = load(root, again)
    assert second.again == again, "nothing drifts from load to load"
    assert second.variant == first.variant and second.session.graph == first.session.graph
    assert second.releases_memory and first.releases_memory
    assert answers(second) == answers(first)


def test_a_worker_does_not_try_again_to_compile(root: Path, tmp_path: Path) -> None:
    assert load(root, LoadOptions(prepack="auto", cache=tmp_path)).again.prepack == "never"
    assert load(root, LoadOptions(prepack="never")).again.prepack == "never"
    compiled = compile_bundle(read_bundle(root), None, root / STORE_NAME)
    for prepack in ("auto", "require"):
        loaded = load(root, LoadOptions(prepack=prepack, cache=str(tmp_path)))
        assert loaded.session.graph == compiled
        assert (loaded.again.prepack, loaded.again.cache) == (prepack, str(tmp_path))
        assert load(root, loaded.again).session.graph == compiled
    assert load(root, LoadOptions(prepack="never")).again.prepack == "never"


def test_only_the_edge_profile_gives_memory_back(root: Path) -> None:
    released = {
        profile: load(root, LoadOptions(profile=profile)).releases_memory
        for profile in ("edge", "serverless", "server")
    }
    assert released == {"edge": True, "serverless": False, "server": False}


def test_a_variant_may_need_a_later_onnxruntime(root: Path) -> None:
    edit(root, lambda manifest: manifest["variants"]["fp32"].update(min_onnxruntime="999.1"))
    with pytest.raises(BundleError, match=r"variant 'fp32', needs onnxruntime 999\.1 or later"):
        load(root, LoadOptions())
