"""Loading from the Hub: the real client against a server on loopback."""

from __future__ import annotations

import json
from pathlib import Path

from gliner2_lite.bundle.files import file_sha256
from tests.hub.processes import LOADED, TIMED, command, listing, load
from tests.hub_server import serve, silent


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


def test_what_was_converted_before_does_not_wait_for_a_silent_hub(bundle: Path, tmp_path: Path) -> None:
    source, cache = tmp_path / "checkpoint", tmp_path / "cache"
    source.mkdir()
    for name in ("config.json", "model.safetensors"):
        (source / name).write_text("{}")
    stranger = TIMED + (
        "import shutil, types, gliner2_lite.hub.convert as convert\n"
        f"copy = lambda source, place, **options: shutil.copytree({str(bundle)!r}, place)\n"
        "convert.load_exporter = lambda: types.SimpleNamespace(export_checkpoint=copy)\n"
    )
    with serve({"org/small": source}) as hub:
        assert LOADED in load(hub.endpoint, cache, options={"export": True}, prepare=stranger)
        hub.requests.clear()
        assert LOADED in load(hub.endpoint, cache, options={"export": True}, prepare=TIMED)
        assert [request.rpartition("/")[2] for request in hub.requests] == ["config.json"]
    with silent() as endpoint:
        told = load(endpoint, cache, options={"export": True}, prepare=TIMED)
        assert LOADED in told and "in time" in told and told.count("WARNING the Hub could") == 1, told
