"""Record the golden data: random checkpoints → reference answers and prompts → bundles."""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import gliner2
import torch

from gliner2_export.export import export_checkpoint
from tests.golden.checkpoints import SPECS, write_checkpoint
from tests.golden.questions import cases_for
from tests.golden.record import Recording, record
from tests.golden.store import pack_bundle, record_path, save_record

PINNED = {"gliner2": "2.1.0", "transformers": "4.57."}
PACKAGES = ("gliner2", "transformers", "tokenizers", "sentencepiece", "torch")
TINY = "tiny"
NAMES = (*(spec.name for spec in SPECS), TINY)


def generate(shared: Path, names: Sequence[str], *, cases: bool = True, bundles: bool = True) -> None:
    """Record the cases and export the bundles of the checkpoints ``names``.

    ``shared`` holds ``data`` and ``checkpoints/tiny``. Without ``cases`` only the bundles are made again,
    from the same weights: enough when the exporter has changed and the reference has not.
    Raises SystemExit when another reference than the pinned one is installed, or a name is unknown.
    """
    _check_reference()
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise SystemExit(f"no checkpoint {', '.join(unknown)}; there are {', '.join(NAMES)}")
    torch.set_num_threads(1)  # the order of sums, and with it the last digit, depends on the threads
    for number, spec in enumerate(SPECS):
        if spec.name not in names:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            checkpoint = Path(scratch, spec.name)
            write_checkpoint(spec, shared / "data", checkpoint)
            if cases:
                _record(spec.name, checkpoint, number)
            if bundles:
                _bundle(spec.name, checkpoint, Path(scratch, "bundle"))
    if TINY in names and cases:
        _record(TINY, shared / "checkpoints" / TINY, None)


def _bundle(name: str, checkpoint: Path, scratch: Path) -> None:
    export_checkpoint(checkpoint, scratch, variants=("fp32",))
    packed = pack_bundle(scratch, name)
    print(f"{name}: bundle of {packed.stat().st_size / 1000:.0f} kB", flush=True)


def _check_reference() -> None:
    for package, wanted in PINNED.items():
        if not version(package).startswith(wanted):
            raise SystemExit(f"golden data is recorded with {package} {wanted}, not with {version(package)}")


def _record(name: str, checkpoint: Path, number: int | None) -> None:
    model = gliner2.GLiNER2.from_pretrained(str(checkpoint)).eval()
    recording = record(model, cases_for(number))
    path = record_path(name)
    save_record(
        {
            "checkpoint": name,
            "token_pooling": model.config.token_pooling,
            "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
            "unstable": recording.unstable,
            "left_out": recording.left_out,
            "cases": recording.cases,
        },
        path,
    )
    _report(name, recording, path)


def _report(name: str, recording: Recording, path: Path) -> None:
    kept = len(recording.cases) - len(recording.unstable)
    print(
        f"{name}: {kept} cases ({recording.answered} with an answer), {len(recording.unstable)} more without "
        f"their answer (unstable), {len(recording.left_out)} left out; {path.stat().st_size / 1000:.0f} kB",
        flush=True,
    )
    for case, why in recording.left_out.items():
        print(f"    {case}: {why}", file=sys.stderr)
