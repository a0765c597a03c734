"""Requests to a Hub that is read-only, cut off or slow: the real client against a server on loopback."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gliner2_lite import HubError, InputError
from gliner2_lite.bundle.files import file_sha256
from gliner2_lite.hub.client import Fetched, explained, list_files, lock, split_cache_path
from gliner2_lite.hub.options import HubOptions
from tests.hub.processes import LOADED, TIMED, listing, load
from tests.hub_server import serve, silent


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A cache directory; made read-only by the test, made writable again for removal."""
    cache = tmp_path / "cache"
    yield cache
    for path in (cache, *cache.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(stat.S_IRWXU)


def test_read_only_cache(bundle: Path, read_only: Path, tmp_path: Path) -> None:
    with serve({"org/small": bundle}) as hub:
        assert load(hub.endpoint, read_only) == LOADED
        for path in (read_only, *read_only.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o555)
        probe = f"try:\n open({str(read_only / 'x')!r}, 'w')\nexcept OSError: pass\n"
        probe += "else: print('writable', end=' ')"
        before = listing(read_only)
        assert load(hub.endpoint, read_only, prepare=probe, plain_user=True) == LOADED
        hub.commit = "f" * 40  # the Hub has moved on; the cache cannot follow
        assert load(hub.endpoint, read_only, prepare=probe, plain_user=True) == LOADED
        assert listing(read_only) == before
        refused = load(
            hub.endpoint, read_only, options={"force_download": True}, prepare=probe, plain_user=True
        )
        assert refused.startswith("HubError") and "may not be written" in refused and "HF_HOME" in refused


def test_a_hub_that_does_not_answer_is_not_waited_for_when_all_is_cached(
    bundle: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    with serve({"org/small": bundle}) as hub:
        gone = hub.endpoint
        assert load(hub.endpoint, cache) == LOADED
        hub.requests.clear()
        assert load(hub.endpoint, cache) == LOADED
        assert len(hub.requests) == 1, hub.requests
        hub.fail = lambda method, path: 503
        assert load(hub.endpoint, cache, prepare=TIMED).count("WARNING the Hub could not be asked") == 1
    with silent() as endpoint:
        for where in (endpoint, gone):  # the second refuses connections
            told = load(where, cache, prepare=TIMED)
            assert LOADED in told and "in time" in told, told
            assert told.count("WARNING the Hub could not be asked for a newer org/small within 2 s") == 1
            assert "using the commit that the cache holds, 01234567" in told
        for settings in ({"HF_HUB_OFFLINE": "1"}, {"HF_HUB_ETAG_TIMEOUT": "1"}):
            told = load(endpoint, cache, prepare=TIMED, **settings)
            assert LOADED in told and "in time" in told, told
            assert ("within 1 s" in told) == ("HF_HUB_ETAG_TIMEOUT" in settings), told
        fixed = load(endpoint, cache, options={"revision": hub.commit}, prepare=TIMED)
        assert LOADED in fixed and "WARNING" not in fixed


def test_a_cache_that_lacks_a_file_waits_as_long_as_the_client(bundle: Path, tmp_path: Path) -> None:
    """What is missing is not to be had from the cache: the check has the client's own time."""
    cache = tmp_path / "cache"
    with serve({"org/small": bundle}) as hub:
        assert load(hub.endpoint, cache) == LOADED
        [heads] = cache.rglob("snapshots/*/heads.npz")
        heads.unlink()
        hub.fail = lambda method, path: 503 if method == "HEAD" and "gliner2_lite.json" in path else None
        told = load(hub.endpoint, cache, prepare=TIMED)
        assert LOADED in told and "WARNING" not in told and heads.exists(), told


def test_a_cut_connection_never_leaves_half_a_file_in_use(bundle: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with serve({"org/small": bundle}, cut={"model.onnx": 1000}) as hub:
        quick = "import time; time.sleep = lambda seconds: None"
        message = load(hub.endpoint, cache, prepare=quick)
        assert message == LOADED or (message.startswith("HubError") and "try again" in message)
        assert load(hub.endpoint, cache, HF_HUB_OFFLINE="1") == message or message != LOADED
        hub.cut.clear()
        assert load(hub.endpoint, cache) == LOADED
    blobs = {file_sha256(path) == path.name for path in cache.rglob("blobs/*") if "." not in path.name}
    assert blobs == {True}


@pytest.mark.parametrize(
    ("name", "subfolder"), [("f.json", None), ("onnx/f.onnx", None), ("f.json", "lite"), ("a/f", "x/y")]
)
def test_a_path_in_the_cache_tells_commit_and_repository(name: str, subfolder: str | None) -> None:
    storage = Path("/hub/models--org--name")
    path = storage / "snapshots" / "c0ffee" / (subfolder or "") / name
    assert split_cache_path(path, name, subfolder) == Fetched(path, "c0ffee", storage)


def test_files_are_listed_of_the_subfolder_and_not_at_all_when_the_hub_may_not_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Api:
        def __init__(self, **_: object) -> None: ...

        def list_repo_files(self, repo_id: str, *, revision: str | None) -> list[str]:
            asked.append((repo_id, revision))
            return ["top.json", "lite/a.json", "lite/b/c.onnx", "liter/d"]

    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    assert list_files("org/name", HubOptions(revision="v1")) == {
        "top.json", "lite/a.json", "lite/b/c.onnx", "liter/d",
    }  # fmt: skip
    assert list_files("org/name", HubOptions(subfolder="lite")) == {"a.json", "b/c.onnx"}
    assert asked == [("org/name", "v1"), ("org/name", None)]
    assert list_files("org/name", HubOptions(local_files_only=True)) == ()
    assert len(asked) == 2


def test_only_the_clients_failures_are_explained() -> None:
    told = pytest.raises(HubError, match=r"it failed at revision 'v1': .*ValueError: odd")
    with told, explained("it failed", "org/name", HubOptions(revision="v1")):
        raise ValueError("odd")
    with pytest.raises(InputError, match="^ours$"), explained("it failed", "org/name", HubOptions()):
        raise InputError("ours")
    with pytest.raises(KeyError), explained("it failed", "org/name", HubOptions()):
        raise KeyError("a fault of this package")


def test_one_holds_the_lock_at_a_time(tmp_path: Path) -> None:
    place, order = tmp_path / "new" / "bundle", []

    def second() -> None:
        with lock(place):
            order.append("second")

    with lock(place):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"] and not place.exists()
