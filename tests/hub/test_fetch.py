"""Loading from the Hub and pushing to it: the real client against a server on loopback."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite.bundle.manifest import file_sha256, read_bundle
from gliner2_lite.load.locate import EMBEDDED
from tests.hub_server import serve

LOAD = """
import json, os, sys
options, prepare = json.loads(sys.argv[2]), sys.argv[3]
exec(prepare)
from gliner2_lite import GLiNER2
try:
    model = GLiNER2.from_pretrained(sys.argv[1], **options)
except Exception as error:
    print(type(error).__name__, error)
else:
    print("loaded", model.variant, sorted(model.extract_entities("Ann met Bob.", ["person"])))
"""
LOADED = "loaded fp32 ['entities']"
# Root writes where mode bits forbid it, unless a process gives up that right for its successor.
PLAIN_USER = """
import ctypes, os, sys
if os.geteuid() == 0:
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def environment(endpoint: str, cache: Path, **more: str) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return known | {
        "HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",  # its protocol is not spoken here
        "NO_PROXY": "127.0.0.1", **more,
    }  # fmt: skip


def load(
    endpoint: str, cache: Path, repo: str = "org/small", *, options: dict[str, Any] | None = None,
    prepare: str = "", plain_user: bool = False, **more: str,
) -> str:  # fmt: skip
    """What a fresh process prints; the client reads its environment when it is imported."""
    command = [sys.executable, "-c", LOAD, repo, json.dumps(options or {}), prepare]
    if plain_user:
        command = [sys.executable, "-c", PLAIN_USER, *command[1:]]
    done = subprocess.run(
        command, env=environment(endpoint, cache, **more), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def listing(root: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(root)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in root.rglob("*")
    }


def files_in(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def bundle(small_bundle: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(small_bundle, tmp_path / "source"))


@pytest.fixture
def two_variants(bundle: Path) -> Path:
    """The same graph under two names of variant, so that one can be left out."""
    manifest = json.loads((bundle / "gliner2_lite.json").read_text())
    variant = manifest["variants"]["fp32"]
    other = {}
    for name in variant["files"]:
        other[name] = name.replace("model", "model_int8")
        shutil.copy(bundle / name, bundle / other[name])
        manifest["files"][other[name]] = manifest["files"][name]
    manifest["variants"]["int8"] = {
        **variant,
        "graph": other[variant["graph"]],
        "files": list(other.values()),
    }
    (bundle / "gliner2_lite.json").write_text(json.dumps(manifest))
    return bundle


def test_only_one_variant_is_downloaded_once_and_then_works_offline(
    two_variants: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    with serve({"org/small": two_variants}) as hub:
        assert load(hub.endpoint, cache, options={"variant": "fp32"}) == LOADED
        assert sorted(hub.gets()) == ["gliner2_lite.json", "heads.npz", "model.onnx", "tokenizer.json"]
        hub.requests.clear()
        assert load(hub.endpoint, cache, options={"variant": "fp32"}) == LOADED
        assert hub.requests == ["HEAD /org/small/resolve/main/gliner2_lite.json"]
        endpoint = hub.endpoint
    before = listing(cache)
    assert load(endpoint, cache, options={"variant": "fp32"}, HF_HUB_OFFLINE="1") == LOADED
    assert load(endpoint, cache, options={"variant": "fp32", "local_files_only": True}) == LOADED
    assert listing(cache) == before
    other = load(endpoint, cache, HF_HUB_OFFLINE="1")
    assert other.startswith("HubError org/small could not be loaded") and "HF_HUB_OFFLINE unset" in other


def test_cache_dir_through_a_link_and_a_subfolder(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    bundle.rename(tmp_path / "repo" / "lite")
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    options = {"cache_dir": str(tmp_path / "link"), "subfolder": "lite"}
    with serve({"org/small": tmp_path / "repo"}) as hub:
        assert load(hub.endpoint, tmp_path / "home", options=options) == LOADED
        whole = load(hub.endpoint, tmp_path / "home", options=options | {"subfolder": None})
        assert "as subfolder=: lite" in whole
        assert load(hub.endpoint, tmp_path, options={"subfolder": "../up"}).startswith("InputError subfolder")
        snapshot = next((tmp_path / "disk").glob("models--org--small/snapshots/*/lite"))
        (tmp_path / "short").symlink_to(snapshot)
        assert load(hub.endpoint, tmp_path / "home", str(tmp_path / "short")) == LOADED


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


def test_a_new_commit_brings_only_what_changed(bundle: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with serve({"org/small": bundle}, revisions=("main", "v1")) as hub:
        assert load(hub.endpoint, cache, options={"revision": "v1"}) == LOADED
        hub.commit = "a" * 40
        manifest = json.loads((bundle / "gliner2_lite.json").read_text())
        (bundle / "gliner2_lite.json").write_text(json.dumps(manifest | {"note": "second"}))
        hub.requests.clear()
        assert load(hub.endpoint, cache, options={"revision": "v1"}) == LOADED
        assert hub.gets() == ["gliner2_lite.json"]


def test_a_wrong_download_is_told_until_it_is_replaced(bundle: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with serve({"org/small": bundle}, corrupt={"heads.npz"}) as hub:
        for _ in range(2):  # the second load has the file in the cache and still refuses it
            message = load(hub.endpoint, cache)
            assert message.startswith("BundleError") and "heads.npz" in message
            assert "force_download=True" in message
        assert hub.gets().count("heads.npz") == 1
        hub.corrupt.clear()
        assert load(hub.endpoint, cache, options={"force_download": True}) == LOADED
        assert load(hub.endpoint, cache, HF_HUB_OFFLINE="1") == LOADED


def test_every_file_that_a_variant_needs_is_checked_when_it_is_downloaded(tmp_path: Path) -> None:
    """The embedded bundle as a repository: it has a compact vocabulary."""
    tiny = read_bundle(EMBEDDED["tiny"])
    needed = tiny.needed_files(tiny.choose(None))
    assert len(needed) >= 4 and tiny.vocabulary in needed
    with serve({"org/tiny": tiny.root}) as hub:
        cache = tmp_path / "cache"
        assert load(hub.endpoint, cache, "org/tiny") == LOADED.replace("fp32", "int8")
        assert set(hub.gets()) == {"gliner2_lite.json", *(Path(name).name for name in needed)}
        [note] = cache.rglob("checked-*.json")
        assert len(json.loads(note.read_text())) == len(needed)
        endpoint = hub.endpoint
    for name in needed:
        [path] = cache.glob(f"hub/*/snapshots/*/{name}")
        content = path.read_bytes()
        note.unlink()
        path.resolve().write_bytes(content[:-1] + bytes([content[-1] ^ 1]))  # the size stays
        message = load(endpoint, cache, "org/tiny", HF_HUB_OFFLINE="1")
        assert message.startswith("BundleError") and Path(name).name in message
        path.resolve().write_bytes(content)
        note.touch()


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
        "else": ["README.md"],
    }
    for name, files in contents.items():
        for file in files:
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).write_text("{}")
    with serve({f"org/{name}": tmp_path / name for name in contents}) as hub:
        told = {name: load(hub.endpoint, tmp_path / "cache", f"org/{name}") for name in contents}
        assert all(text.startswith("BundleNotFoundError org/") for text in told.values()), told
        assert all("has no gliner2_lite.json" in text for text in told.values())
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
        assert "model.safetensors" not in hub.gets()


@pytest.mark.parametrize("name", ["no-such-directory", "a/b/c", "../elsewhere"])
def test_names_that_are_neither_directory_nor_repository(name: str, tmp_path: Path) -> None:
    assert load("http://127.0.0.1:9", tmp_path, name).startswith(f"BundleNotFoundError '{name}' is neither")


def command(endpoint: str, home: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    """Exit code and output of the command line with ``arguments``."""
    done = subprocess.run(
        [sys.executable, "-m", "gliner2_lite", *arguments],
        env=environment(endpoint, home, **more), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def push(endpoint: str, home: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    return command(endpoint, home, "push", *arguments, **more)


def test_a_pushed_bundle_can_be_loaded(bundle: Path, tmp_path: Path) -> None:
    manifest = json.loads((bundle / "gliner2_lite.json").read_text())
    (bundle / "README.md").write_text('from_pretrained("path/to/this/directory")')
    manifest["files"]["README.md"] = {"size": 41, "sha256": file_sha256(bundle / "README.md")}
    (bundle / "gliner2_lite.json").write_text(json.dumps(manifest))
    (bundle / "secret.txt").write_text("not named by the manifest")
    before = listing(bundle)
    with serve(token="secret") as hub:
        options = ("--private", "--revision", "next", "--commit-message", "First")
        code, out, err = push(
            hub.endpoint, tmp_path / "h", str(bundle), "org/new", *options, HF_TOKEN="secret"
        )
        assert (code, out) == (0, f"{hub.endpoint}/org/new/commit/{'0123456789abcdef' * 2}01234567\n"), err
        asked = hub.created[0]
        # The client says it either way, by version.
        assert asked.get("private", asked.get("visibility") == "private") is True and asked["name"] == "new"
        assert hub.branches == ["next"]
        assert (hub.commits[0]["summary"], hub.commits[0]["branch"]) == ("First", "next")
        pushed = hub.repos["org/new"]
        assert files_in(pushed) == {"gliner2_lite.json", *manifest["files"]}
        assert (pushed / "README.md").read_bytes() == b'from_pretrained("org/new")'
        assert listing(bundle) == before
        recorded = json.loads((pushed / "gliner2_lite.json").read_bytes())["files"]
        assert {n: file_sha256(pushed / n) for n in recorded} == {n: r["sha256"] for n, r in recorded.items()}
        asked_for = {"revision": "next"}
        loaded = load(hub.endpoint, tmp_path / "cache", "org/new", options=asked_for, HF_TOKEN="secret")
        assert loaded == LOADED


def test_a_second_push_takes_away_what_only_the_older_bundle_had(
    two_variants: Path, small_bundle: Path, tmp_path: Path
) -> None:
    home = tmp_path / "h"
    with serve(token="secret") as hub:
        assert push(hub.endpoint, home, str(two_variants), "org/new", HF_TOKEN="secret")[0] == 0
        pushed = hub.repos["org/new"]
        assert "onnx/model_int8.onnx" in files_in(pushed)
        (pushed / "LICENSE").write_text("of somebody's own")
        code, _, err = push(hub.endpoint, home, str(small_bundle), "org/new", HF_TOKEN="secret")
        assert code == 0, err
        manifest = json.loads((small_bundle / "gliner2_lite.json").read_text())
        assert files_in(pushed) == {"gliner2_lite.json", "LICENSE", *manifest["files"]}
        assert len(hub.commits) == 2  # one each
        (pushed / "gliner2_lite.json").write_text("[]")  # no manifest: nothing can be said of older files
        code, _, err = push(hub.endpoint, home, str(small_bundle), "org/new", HF_TOKEN="secret")
        assert code == 0 and "cannot be read" in err
        assert load(hub.endpoint, tmp_path / "cache", "org/new", HF_TOKEN="secret") == LOADED


def test_info_and_schema_check_download_no_graph(bundle: Path, tmp_path: Path) -> None:
    manifest = json.loads((bundle / "gliner2_lite.json").read_text())
    (bundle / "quality.json").write_text("{}")
    manifest["files"]["quality.json"] = {"size": 2, "sha256": file_sha256(bundle / "quality.json")}
    (bundle / "gliner2_lite.json").write_text(json.dumps(manifest))
    (tmp_path / "schema.json").write_text('{"entities": ["person"]}')
    with serve({"org/small": bundle}) as hub:
        code, out, err = command(hub.endpoint, tmp_path / "h", "info", "org/small")
        assert code == 0 and "variant fp32" in out, err
        assert sorted(hub.gets()) == ["gliner2_lite.json", "quality.json"]
        hub.requests.clear()
        schema = ("schema", "check", str(tmp_path / "schema.json"), "--model", "org/small")
        code, out, err = command(hub.endpoint, tmp_path / "h", *schema)
        assert code == 0 and "tokens before every text" in out, err
        assert hub.gets() == ["tokenizer.json"]


def test_nothing_is_pushed_that_is_not_whole_or_not_allowed(bundle: Path, tmp_path: Path) -> None:
    home = tmp_path / "h"
    with serve(token="secret") as hub:
        code, _, err = push(hub.endpoint, home, str(bundle), "org/new")
        assert code == 1 and "set HF_TOKEN" in err and hub.requests == []
        code, _, err = push(hub.endpoint, home, str(bundle), "org/new", HF_TOKEN="wrong")
        assert code == 1 and "HF_TOKEN" in err and "token" in err
        code, _, err = push(hub.endpoint, home, str(bundle), "new", HF_TOKEN="secret")
        assert code == 1 and "write org/name" in err
        hub.fail = lambda method, path: 403 if path == "/api/repos/create" else None
        code, _, err = push(hub.endpoint, home, str(bundle), "org/new", HF_TOKEN="secret")
        assert code == 1 and "does not have this permission" in err
        hub.requests.clear()
        (bundle / "heads.npz").write_bytes(b"x")
        code, _, err = push(hub.endpoint, home, str(bundle), "org/new", HF_TOKEN="secret")
        assert code == 1 and "heads.npz" in err and hub.requests == []
        assert hub.created == [] and hub.commits == []
