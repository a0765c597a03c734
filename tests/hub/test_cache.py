"""What was downloaded is compared with the manifest, once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gliner2_lite import BundleError
from gliner2_lite.bundle.manifest import Bundle, read_bundle
from gliner2_lite.hub.cache import check_downloads, converted_place
from gliner2_lite.load.locate import EMBEDDED
from tests.hub.processes import LOADED, load
from tests.hub_server import serve


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


def test_a_converted_bundle_has_a_place_of_its_own() -> None:
    """One for each commit, variant and subfolder; the exporter's default variant is the one named int8."""
    storage = Path("models--org--name")
    asked = [("a", None, None), ("b", None, None), ("a", "fp32", None), ("a", None, "x/y"), ("a", None, "x")]
    places = [converted_place(storage, *parts) for parts in asked]
    assert len(set(places)) == len(asked)
    assert {place.parent for place in places} == {storage / "gliner2_lite"}
    assert converted_place(storage, "a", "int8", None) == places[0]
    assert places[3].name.endswith("-x--y")


@pytest.fixture
def tiny(tmp_path: Path) -> Bundle:
    storage = tmp_path / "models--org--tiny"
    shutil.copytree(EMBEDDED["tiny"], storage / "snapshots" / "c1")
    return read_bundle(storage / "snapshots" / "c1")


def test_a_file_that_was_checked_is_not_read_again_unless_it_is_fresh(tiny: Bundle) -> None:
    storage = tiny.root.parent.parent
    names = tiny.needed_files(tiny.choose(None))

    def check(*fresh: str) -> None:
        check_downloads(tiny, names, storage, "c1", fresh=fresh, repo_id="org/tiny")

    check()
    path = tiny.path(names[0])
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    check()  # noted as checked
    with pytest.raises(BundleError, match=r"manifest of org/tiny describes.*force_download=True"):
        check(names[0])
    with pytest.raises(BundleError):
        check()  # the failure took the note away
    path.write_bytes(content)
    check()


@pytest.mark.parametrize("note", ["", "[]", "{", '{"a": '])
def test_a_damaged_note_means_that_all_is_checked(note: str, tiny: Bundle) -> None:
    storage = tiny.root.parent.parent
    names = tiny.needed_files(tiny.choose(None))
    place = storage / "gliner2_lite" / "checked-c1.json"
    place.parent.mkdir()
    place.write_text(note)
    check_downloads(tiny, names, storage, "c1", fresh=(), repo_id="org/tiny")
    assert len(json.loads(place.read_text())) == len(names)
    assert [path.name for path in place.parent.iterdir()] == [place.name]  # no temporary file stays
