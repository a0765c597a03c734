"""``push``: its options reach the upload, the address is printed. tests/hub/test_push.py uploads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import HubError
from gliner2_lite.hub import push as upload
from tests.cli.running import run


def test_options_reach_the_upload(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def push_bundle(directory: Path, repository: str, **options: object) -> str:
        asked.append((directory, repository, options))
        return "https://hub/commit/1"

    monkeypatch.setattr(upload, "push_bundle", push_bundle)
    assert run(["push", "DIR", "org/name"], capsys) == (0, ["https://hub/commit/1"], "")
    more = ["--private", "--revision", "v1", "--commit-message", "First"]
    assert run(["push", "DIR", "org/name", *more], capsys)[0] == 0
    plain = {"private": False, "revision": None, "message": None}
    full = {"private": True, "revision": "v1", "message": "First"}
    assert asked == [(Path("DIR"), "org/name", plain), (Path("DIR"), "org/name", full)]


def test_a_refusal_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise HubError("refused:\n set HF_TOKEN")

    monkeypatch.setattr(upload, "push_bundle", refuse)
    assert run(["push", "DIR", "org/name"], capsys) == (1, [], "gliner2-lite: error: refused: set HF_TOKEN\n")
