"""The contestants: our variants, the reference on torch, and a plain ONNX export of the same checkpoint."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.artifacts import WEIGHTS, bundle_for, plain_graphs_for
from benchmarks.plain import GRAPHS
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.errors import InputError

#: Name on the command line and in tables → what it is; in the order of the columns.
LABELS = {
    "int8": "gliner2_lite, int8",
    "fp32": "gliner2_lite, fp32",
    "gliner2": "gliner2 on torch, fp32",
    "optimum-fp32": "plain Optimum export, fp32",
    "optimum-int8": "plain Optimum export, quantize_dynamic",
}
#: Who is compared with whom: (ours, other).
PAIRS = (
    ("int8", "gliner2"), ("fp32", "gliner2"), ("int8", "optimum-fp32"), ("fp32", "optimum-fp32"),
    ("int8", "optimum-int8"),
)  # fmt: skip
OURS, REFERENCE, PLAIN = ("int8", "fp32"), "gliner2", ("optimum-fp32", "optimum-int8")
#: Who takes part when none is named in what the plain export would say little about, and takes minutes for.
WITHOUT_PLAIN = (*OURS, REFERENCE)
#: Contestants whose answers must be the reference's: quantized ones may differ.
EXACT = ("fp32", REFERENCE, "optimum-fp32")


@dataclass(frozen=True)
class Contestant:
    """One contestant. ``kind`` says how it is loaded:

    - "bundle": variant ``variant`` of our bundle ``path``,
    - "plain": the graph file ``path``, with tokenizer and head weights of our bundle ``bundle``,
    - "gliner2": the checkpoint directory ``path``.

    ``profile`` of ours: as in ``from_pretrained``.
    """

    name: str
    kind: str
    path: str
    variant: str | None = None
    bundle: str | None = None
    profile: str | None = None

    @property
    def label(self) -> str:
        return LABELS[self.name]

    def to_json(self) -> str:
        names = ("kind", "path", "variant", "bundle", "profile")
        return json.dumps({name: getattr(self, name) for name in names})

    def weight_bytes(self) -> int:
        """Size of the files that hold its weights: graph, its data, heads; or the checkpoint's tensors."""
        root = Path(self.path)
        if self.kind == "gliner2":
            return sum(path.stat().st_size for path in root.iterdir() if path.name in WEIGHTS)
        if self.kind == "plain":
            beside = [
                path
                for path in root.parent.iterdir()
                if path.name.startswith((root.name + "_data", root.name + ".data"))
            ]
            heads = read_bundle(Path(self.bundle or "")).choose("fp32").heads
            return sum(path.stat().st_size for path in (root, *beside, Path(self.bundle or "", heads)))
        bundle = read_bundle(root)
        variant = bundle.choose(self.variant)
        return sum(bundle.files[name].size for name in (*variant.files, variant.heads))


def make_roster(
    names: Sequence[str] | None,
    *,
    checkpoint: Path | None,
    bundle: Path | None,
    cache: Path,
    among: Sequence[str] = tuple(LABELS),
) -> list[Contestant]:
    """The contestants ``names`` (None: all of ``among`` that are possible), exporting what is not there yet.

    ``bundle`` alone gives our variants only; with ``checkpoint`` the reference and the plain export join
    in, and a missing ``bundle`` is exported into ``cache``.

    Raises:
        InputError: nothing to run, an unknown name, or a contestant that needs another option.
    """
    if checkpoint is None and bundle is None:
        raise InputError(
            "give --checkpoint DIR, --bundle DIR or both; a random stand-in is made by "
            "`python -m benchmarks make-checkpoint --shape deberta-v3-base DIR`"
        )
    for path, option in ((checkpoint, "--checkpoint"), (bundle, "--bundle")):
        if path is not None and not path.is_dir():
            raise InputError(f"{option} {path} is not a directory")
    wanted = _wanted(names, checkpoint, among)
    checkpoint = checkpoint.resolve() if checkpoint else None
    roster = []
    ours = bundle.resolve() if bundle else None
    if ours is None and checkpoint is not None and any(name != REFERENCE for name in wanted):
        ours = bundle_for(checkpoint, cache)
    for name in wanted:
        if name == REFERENCE:
            roster.append(Contestant(name, "gliner2", str(checkpoint)))
        elif name in PLAIN and checkpoint is not None and ours is not None:
            graph = plain_graphs_for(checkpoint, cache) / GRAPHS[name.removeprefix("optimum-")]
            roster.append(Contestant(name, "plain", str(graph), bundle=str(ours)))
        elif ours is not None and (name in read_bundle(ours).variants or names is not None):
            read_bundle(ours).choose(name)  # a variant that was asked for and is missing is an error here
            roster.append(Contestant(name, "bundle", str(ours), name))
    return roster


def describe_model(roster: Sequence[Contestant], checkpoint: Path | None) -> dict[str, Any]:
    """Name and sizes of the model, as far as its files tell them."""
    path = checkpoint / "encoder_config" / "config.json" if checkpoint is not None else None
    if path is not None and path.is_file():
        config = json.loads(path.read_text(encoding="utf-8"))
        sizes = {"layers": config.get("num_hidden_layers"), "hidden_size": config.get("hidden_size")}
        name = checkpoint.resolve().name if checkpoint is not None else None
        return {"name": name, **sizes, "vocabulary": config.get("vocab_size")}
    bundle = read_bundle(Path(roster[0].path))
    config = bundle.raw["config"]
    return {
        "name": bundle.root.name,
        "hidden_size": config["hidden_size"],
        "vocabulary": config["vocab_size"],
    }


def _wanted(names: Sequence[str] | None, checkpoint: Path | None, among: Sequence[str]) -> list[str]:
    if names is None:
        possible = [name for name in LABELS if name in (among if checkpoint is not None else OURS)]
        if find_spec("gliner2") is None:
            possible = [name for name in possible if name in OURS]
        return possible
    unknown = [name for name in names if name not in LABELS]
    if unknown or not names or len(set(names)) != len(names):
        raise InputError(
            f"--contestants {','.join(names)!r}: give some of {', '.join(LABELS)}, each once, by commas"
        )
    if checkpoint is None and (others := [name for name in names if name not in OURS]):
        raise InputError(f"--contestants {', '.join(others)}: these are made from --checkpoint DIR")
    if find_spec("gliner2") is None and (others := [name for name in names if name not in OURS]):
        raise InputError(
            f"--contestants {', '.join(others)}: gliner2 is not installed; "
            'run pip install "gliner2-lite[export]"'
        )
    return [name for name in LABELS if name in names]
