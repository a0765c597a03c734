"""Conversion of a downloaded checkpoint; with a stranger for an exporter, tests/export has the real one."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from gliner2_lite import MissingExtraError
from gliner2_lite.hub.convert import convert_into, load_exporter


@pytest.mark.parametrize("missing", ["gliner2_export", "gliner2_export.export"])
def test_a_missing_exporter_is_told_with_the_extra(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "gliner2_export"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=rf"{missing}.*gliner2-lite\[export\].*gliner2-lite export"):
        load_exporter()


@pytest.mark.parametrize(("variant", "made"), [(None, "int8"), ("fp32", "fp32")])
def test_one_variant_is_made_where_it_was_asked_for(
    variant: str | None, made: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[tuple[Path, Path, dict[str, Any]]] = []
    exporter = SimpleNamespace(
        export_checkpoint=lambda source, place, **options: calls.append((source, place, options))
    )
    source, place = tmp_path / "checkpoint", tmp_path / "bundle"
    with caplog.at_level(logging.WARNING, "gliner2_lite"):
        convert_into(cast(ModuleType, exporter), source, place, variant, overwrite=True)
    assert calls == [(source, place, {"variants": (made,), "overwrite": True})]
    assert str(place) in caplog.text
