"""The examples of docs/integrations.md run as they stand and print what they show."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)

TEXT = (ROOT / "docs" / "integrations.md").read_text(encoding="utf-8")
EXAMPLES = {name: EXAMPLE.findall(body) for name, body in SECTION.findall(TEXT)}
# The engines' sections go on with the extractor of this one.
EXTRACTOR, ENGINES = "A plain callable, and LangChain", ("PySpark", "Ray Data")


def test_every_section_has_one_example() -> None:
    assert {name: len(found) for name, found in EXAMPLES.items()} == dict.fromkeys(EXAMPLES, 1)
    assert len(EXAMPLES) == TEXT.count("```python") == 7


@pytest.mark.parametrize("section", EXAMPLES)
def test_example_prints_what_it_shows(section: str, tmp_path: Path) -> None:
    code, expected = EXAMPLES[section][0]
    if section in ENGINES:
        before, printed = EXAMPLES[EXTRACTOR][0]
        code, expected = before + code, printed + expected
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected
