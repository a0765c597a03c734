"""The processes that a clock runs in: what they load before it starts must not be what they measure."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.processes import python_code


def loaded_by(module: str) -> set[str]:
    """Modules outside the standard library that importing one loads, in a fresh interpreter."""
    code = "before = set(sys.modules)"
    path, _, rest = python_code(module, "print(json.dumps(sorted(set(sys.modules) - before)))").partition(
        "; "
    )
    assert path == "import sys"
    command = [sys.executable, "-c", f"import json, sys; {code}; {rest}"]
    names = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}


def test_a_cold_start_loads_nothing_before_the_contestant() -> None:
    assert loaded_by("benchmarks.first_result") == {"benchmarks", "benchmarks.first_result"}


def test_a_form_of_the_tokenizer_loads_itself_on_the_clock() -> None:
    loaded = loaded_by("benchmarks.tokenizer_form")
    assert "gliner2_lite.bundle.manifest" in loaded
    assert not {name for name in loaded if name.startswith(("gliner2_lite.tokenizer", "tokenizers", "numpy"))}
