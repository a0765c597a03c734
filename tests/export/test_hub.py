"""A checkpoint on the Hub converted into the cache, and an export that is pushed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.hub.processes import command, listing, load
from tests.hub_server import serve

LOADED = "loaded int8 ['entities']"
CONVERT = {"export": True}


def test_a_checkpoint_is_converted_once_and_then_loads_offline_without_torch(
    bert_checkpoint: Path, tmp_path: Path
) -> None:
    no_torch = "import sys; sys.modules['torch'] = sys.modules['gliner2'] = None"
    with serve({"org/original": bert_checkpoint}) as hub:
        assert load(hub.endpoint, tmp_path, "org/original", options=CONVERT) == LOADED
        assert hub.gets().count("model.safetensors") == 1
        hub.requests.clear()
        again = load(hub.endpoint, tmp_path, "org/original", options=CONVERT, prepare=no_torch)
        assert again == LOADED
        assert "model.safetensors" not in hub.gets()
        endpoint = hub.endpoint
    made = list(tmp_path.rglob("models--org--original/gliner2_lite/*-int8/gliner2_lite.json"))
    assert len(made) == 1
    assert json.loads(made[0].read_text())["source"]["name"] == "org/original"
    assert "base_model: org/original" in (made[0].parent / "README.md").read_text()
    before = listing(tmp_path)
    offline = load(endpoint, tmp_path, "org/original", options=CONVERT, prepare=no_torch, HF_HUB_OFFLINE="1")
    assert offline == LOADED
    assert listing(tmp_path) == before
    other = load(
        endpoint, tmp_path, "org/original", options=CONVERT | {"variant": "fp32"}, HF_HUB_OFFLINE="1"
    )
    assert other.startswith("HubError org/original")


def test_a_checkpoint_that_cannot_be_converted_leaves_nothing(bert_checkpoint: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in bert_checkpoint.rglob("*"):
        if path.is_file():
            copy = broken / path.relative_to(bert_checkpoint)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (broken / "model.safetensors").write_bytes(b"broken")
    with serve({"org/broken": broken}) as hub:
        message = load(hub.endpoint, tmp_path / "cache", "org/broken", options=CONVERT)
    assert message.startswith("CheckpointError") and "model" in message
    left = [path.name for path in tmp_path.rglob("models--org--broken/gliner2_lite/*")]
    assert all(name.endswith(".lock") for name in left)


def export(endpoint: str, home: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    return command(endpoint, home, "export", *arguments, **more)


def test_export_pushes_only_what_was_finished(bert_checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    arguments = (str(bert_checkpoint), str(out), "--variants", "fp32", "--push", "org/new", "--private")
    with serve(token="secret") as hub:
        code, _, err = export(hub.endpoint, tmp_path, *arguments)
        assert code == 1 and "set HF_TOKEN" in err and not out.exists()
        failing = (str(tmp_path / "nowhere"), *arguments[1:])
        code, _, err = export(hub.endpoint, tmp_path, *failing, HF_TOKEN="secret")
        assert code == 1 and "nowhere is not a directory" in err
        assert hub.created == [] and hub.commits == []
        hub.fail = lambda method, path: 403 if "/commit/" in path else None
        code, printed, err = export(hub.endpoint, tmp_path, *arguments, HF_TOKEN="secret")
        assert code == 1 and printed == f"{out}\n"
        assert f"push it again with `gliner2-lite push {out} org/new`" in err
        hub.fail = lambda method, path: None
        again = (*arguments, "--overwrite")
        code, printed, err = export(hub.endpoint, tmp_path, *again, HF_TOKEN="secret")
        assert code == 0 and printed.splitlines()[0] == str(out) and "/org/new/commit/" in printed, err
        card = (hub.repos["org/new"] / "README.md").read_text(encoding="utf-8")
        assert "pipeline_tag: token-classification" in card and "library_name: gliner2-lite" in card
        assert 'from_pretrained("org/new")' in card and "path/to/this/directory" not in card
        assert (out / "README.md").read_text().count("path/to/this/directory") == 2
    code, _, err = export(hub.endpoint, tmp_path, str(bert_checkpoint), str(out), "--private")
    assert code == 2 and "belong to --push" in err
