"""``demo``: what is checked before a model loads, and what reaches the server."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from tests.cli.running import run


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a page that is no page was asked to serve."""
    calls: list[dict[str, Any]] = []
    app = ModuleType("gliner2_lite.demo.app")
    app.serve = lambda model, **options: calls.append({"variant": model.variant, **options})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gliner2_lite.demo.app", app)
    return calls


def test_the_model_is_served_where_the_options_say(
    served: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo"], capsys)[0] == 0
    assert (
        run(["demo", "--model", "tiny", "--variant", "int8", "--host", "0.0.0.0", "--port", "80"], capsys)[0]
        == 0
    )
    assert served == [
        {"variant": "int8", "name": "tiny", "host": "127.0.0.1", "port": 7860},
        {"variant": "int8", "name": "tiny", "host": "0.0.0.0", "port": 80},
    ]


def test_a_missing_extra_is_told_before_the_model_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("gliner2_lite.demo.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "gradio", None)
    code, out, err = run(["demo", "--model", "no/such/model"], capsys)
    assert (code, out) == (1, []) and "'gradio'" in err and 'pip install "gliner2-lite[demo]"' in err


def test_a_port_is_a_port(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(["demo", "--port", "70000"], capsys)
    assert code == 2 and "a port, a number from 1 to 65535" in err
