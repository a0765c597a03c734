"""Failures of the Hub, the network and the disk are told with what to do about them."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest

from gliner2_lite.hub.failures import explain, no_bundle, no_safetensors
from tests.hub.processes import LOADED, load
from tests.hub_server import serve


def test_refusals_name_the_repository_and_what_to_do(bundle: Path, tmp_path: Path) -> None:
    quick = "import time; time.sleep = lambda seconds: None"
    with serve({"org/small": bundle}) as hub:
        missing = load(hub.endpoint, tmp_path / "a", "org/nothing")
        assert (
            missing.startswith("HubError org/nothing") and "no such repository, or it is private" in missing
        )
        revision = load(hub.endpoint, tmp_path / "a", options={"revision": "v9"})
        assert revision.startswith("HubError org/small") and "no branch, tag or commit 'v9'" in revision
        wrong = load(hub.endpoint, tmp_path / "a", options={"variant": "int8"})
        assert wrong.startswith("InputError") and "'int8'; write one of: 'fp32'" in wrong
        hub.fail = lambda method, path: 500
        broken = load(hub.endpoint, tmp_path / "b", prepare=quick)
        assert broken.startswith("HubError") and "answered 500" in broken and "try again later" in broken
        hub.fail = lambda method, path: 403
        forbidden = load(hub.endpoint, tmp_path / "b", prepare=quick)
        assert forbidden.startswith("HubError") and "does not have this permission" in forbidden
        hub.fail = lambda method, path: None
        hub.token, hub.gated = "secret", True
        gated = load(hub.endpoint, tmp_path / "c")
        assert gated.startswith("HubError org/small") and "accept its conditions" in gated
        assert load(hub.endpoint, tmp_path / "c", HF_TOKEN="secret") == LOADED
        assert load(hub.endpoint, tmp_path / "d", options={"token": "secret"}) == LOADED
    gone = load(hub.endpoint, tmp_path / "e", prepare=quick)
    assert gone.startswith("HubError org/small could not be loaded: org/small is not in the cache")
    assert "check the network" in gone
    both = load(hub.endpoint, tmp_path / "e", options={"force_download": True, "local_files_only": True})
    assert both.startswith("InputError force_download=True")


def test_full_disk_is_told(bundle: Path, tmp_path: Path) -> None:
    full = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    full += (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))"  # EFBIG: as near as a process can come
    )
    enospc = (
        "import errno, os, shutil\ndef no(*a, **k): raise OSError(errno.ENOSPC, 'No space left on device')\n"
    )
    enospc += "import huggingface_hub.file_download as d\nd.http_get = no"
    with serve({"org/small": bundle}) as hub:
        message = load(hub.endpoint, tmp_path / "a", prepare=enospc)
        assert message.startswith("HubError") and "the disk is full" in message and "HF_HOME" in message
        assert load(hub.endpoint, tmp_path / "b", prepare=full).startswith("HubError")
        assert load(hub.endpoint, tmp_path / "b") == LOADED


def test_repositories_without_a_bundle_say_what_they_hold(tmp_path: Path) -> None:
    contents = {
        "original": ["config.json", "model.safetensors"],
        "pickled": ["config.json", "pytorch_model.bin"],
        "four": ["gliner2_config.json", "onnx/encoder.onnx", "onnx/span_rep.onnx", "tokenizer.json"],
        "one": ["model.onnx", "tokenizer.json"],
        "gliner": ["gliner_config.json", "pytorch_model.bin"],
        "encoder": ["config.json", "model.safetensors"],
        "else": ["README.md"],
    }
    for name, files in contents.items():
        for file in files:
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).write_text("{}")
    (tmp_path / "encoder" / "config.json").write_text('{"model_type": "bert", "hidden_size": 8}')
    with serve({f"org/{name}": tmp_path / name for name in contents}) as hub:
        told = {name: load(hub.endpoint, tmp_path / "cache", f"org/{name}") for name in contents}
        assert all(text.startswith("BundleNotFoundError org/") for text in told.values()), told
        assert all("has no gliner2_lite.json" in text for text in told.values())
        assert "a GLiNER model" in told["gliner"] and "take a GLiNER2 checkpoint" in told.pop("gliner")
        assert all("gliner2-lite export" in text for text in told.values())
        assert "an original checkpoint" in told["original"] and "export=True" in told["original"]
        assert "four graphs of gliner2-onnx" in told["four"] and "count head" in told["four"]
        assert "an ONNX export for another runtime (model.onnx)" in told["one"]
        pickled = load(hub.endpoint, tmp_path / "cache", "org/pickled", options={"export": True})
        assert pickled.startswith("BundleNotFoundError org/pickled") and "a pickle" in pickled
        assert "pytorch_model.bin" not in hub.gets()
        without = "import sys; sys.modules['torch'] = sys.modules['gliner2'] = None"
        extra = load(
            hub.endpoint, tmp_path / "cache", "org/original", options={"export": True}, prepare=without
        )
        assert (
            extra.startswith("MissingExtraError export=True")
            and 'pip install "gliner2-lite[export]"' in extra
        )
        encoder = load(hub.endpoint, tmp_path / "cache", "org/encoder", options={"export": True})
        assert encoder.startswith("BundleNotFoundError org/encoder cannot be converted: it holds a model of")
        assert "model.safetensors" not in hub.gets()


def _failed(error: Exception, cause: Exception | None = None) -> Exception:
    error.__cause__ = cause
    return error


class Answered(OSError):
    """As the client's errors: with the response that it got."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.response = SimpleNamespace(status_code=status)


class LocalEntryNotFoundError(FileNotFoundError):
    """Named as the client's, which is how it is told."""


class GatedRepoError(Answered):
    """Named as the client's."""


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (OSError(errno.ENOSPC, "No space left"), "the disk is full"),
        (_failed(RuntimeError("wrapped"), OSError(errno.EROFS, "Read-only")), "the cache is read-only"),
        (Answered(401), "the token was refused"),
        (Answered(403), "does not have this permission"),
        (Answered(429), "too many requests"),
        (Answered(503), "the Hub answered 503"),
        (_failed(ValueError("retried"), Answered(502)), "the Hub answered 502"),
        (GatedRepoError(403), "accept its conditions on the Hub"),
        (LocalEntryNotFoundError("not cached"), "the Hub may not be asked"),
        (_failed(LocalEntryNotFoundError(""), TimeoutError("slow")), "the Hub was not reached"),
        (ValueError("odd"), "the connection failed or the answer was not complete"),
    ],
)  # fmt: skip
def test_each_failure_has_its_remedy(error: Exception, remedy: str) -> None:
    message = str(explain(error, "org/name could not be loaded", "org/name", revision="v1"))
    assert message.startswith("org/name could not be loaded at revision 'v1': ")
    assert remedy in message and type(error).__name__ in message


def test_a_long_answer_is_cut() -> None:
    message = str(explain(ValueError("x\n" * 10_000), "it failed", "org/name", revision=None))
    assert message.startswith("it failed: ") and len(message) < 500 and "\n" not in message


def test_a_repository_of_many_bundles_lists_their_folders() -> None:
    message = str(no_bundle("org/name", ["b/gliner2_lite.json", "a/gliner2_lite.json", "README.md"]))
    assert message.endswith("as subfolder=: a, b")


def test_pickled_weights_are_not_loaded_unasked() -> None:
    assert "a pickle, which is not loaded unasked" in str(no_safetensors("org/name"))
