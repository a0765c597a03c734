"""``gliner2-lite info``: what is installed, and what a bundle holds."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gliner2_lite import __version__

if TYPE_CHECKING:
    from gliner2_lite.bundle.manifest import Bundle

MEGABYTE = 1_000_000
NOT_COMPILED = "no, not for this CPU and onnxruntime"
QUALITY_HEADER = ("", "answers", "changed", "F1", "Δp mean", "Δp p99", "Δp max")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``info`` subcommand to ``commands``."""
    parser = commands.add_parser(
        "info",
        help="show versions and what a bundle holds",
        description="Show versions, and what the bundle MODEL holds: variants, sizes, source, quality, and "
        "which of its graphs are compiled for this machine.",
    )
    parser.add_argument(
        "model",
        nargs="?",
        default="tiny",
        metavar="MODEL",
        help="bundle directory, hub repository, or the embedded model: tiny (default)",
    )
    parser.add_argument("--json", action="store_true", help="the manifest and the quality report, as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print what is installed, and the bundle's manifest, quality report and compiled graphs.

    Of a repository, only the manifest and the report are downloaded.
    """
    from gliner2_lite.bundle.manifest import QUALITY_NAME, read_bundle
    from gliner2_lite.hub.options import HubOptions
    from gliner2_lite.load.locate import locate

    bundle = read_bundle(locate(options.model, None, HubOptions(), only=(QUALITY_NAME,)))
    report = _quality_report(bundle)
    compiled = _compiled(bundle)
    if options.json:
        places = {name: None if entry is None else str(entry) for name, entry in compiled.items()}
        facts = {**bundle.raw, "directory": str(bundle.root), "compiled": places, "quality_report": report}
        print(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    rows = [
        ("gliner2-lite", __version__),
        ("onnxruntime", _installed("onnxruntime")),
        ("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("bundle", str(bundle.root)),
        *_facts(bundle.raw),
        *((f"compiled {name}", NOT_COMPILED if at is None else str(at)) for name, at in compiled.items()),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")
    table = list(_quality_rows(report))
    if table:
        print("\nquality, measured at export on held-out texts")
        for row in _aligned([QUALITY_HEADER, *table]):
            print(f"  {row}")


def _facts(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Rows about a checked manifest, in the order of use."""
    config, source = manifest["config"], manifest.get("source", {})
    yield "architecture", manifest["architecture"]
    yield "config", ", ".join(f"{key} {value}" for key, value in config.items() if value is not None)
    for name, variant in manifest["variants"].items():
        size = sum(manifest["files"][file]["size"] for file in variant["files"])
        yield (
            f"variant {name}",
            f"{size / MEGABYTE:.1f} MB, {variant['graph']}, for {variant.get('target', 'any')}",
        )
    total = sum(entry["size"] for entry in manifest["files"].values())
    yield "all files", f"{total / MEGABYTE:.1f} MB"
    yield "source", f"{source.get('name', 'unknown')}, SHA-256 {source.get('sha256', 'unknown')}"
    if source.get("adapter"):
        yield "adapter", str(source["adapter"])
    if manifest.get("versions"):
        yield "exported with", ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())


def _compiled(bundle: Bundle) -> dict[str, Path | None]:
    """The sound compiled graph, as its directory, of each variant that a load on this machine would use."""
    from gliner2_lite.load.compiled import find_compiled, fingerprint, stores_of

    graphs = {}
    for name, variant in bundle.variants.items():
        wanted = fingerprint(bundle, variant, {}, runtime=_installed("onnxruntime"))
        graph = None if wanted is None else find_compiled(wanted, stores_of(bundle, None))
        graphs[name] = None if graph is None else graph.parent
    return graphs


def _quality_report(bundle: Bundle) -> dict[str, Any] | None:
    """The bundle's quality.json; None where it has none."""
    from gliner2_lite.bundle.manifest import QUALITY_NAME
    from gliner2_lite.errors import BundleError

    if QUALITY_NAME not in bundle.files or not bundle.path(QUALITY_NAME).is_file():
        return None
    path = bundle.path(QUALITY_NAME)
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BundleError(f"{path} is not valid JSON ({error}); get the bundle again") from error
    return report if isinstance(report, dict) else None


def _quality_rows(report: dict[str, Any] | None) -> Iterator[tuple[str, ...]]:
    """A row per comparison, and one per kind of answer below it."""
    comparisons = ((report or {}).get("held_out") or {}).get("comparisons") or {}
    for name, measured in comparisons.items():
        delta = measured["delta"]
        yield (name, *_shares(measured), f"{delta['mean']:.4f}", f"{delta['p99']:.4f}", f"{delta['max']:.4f}")
        if measured["changed"]:
            for kind, part in measured.get("by_kind", {}).items():
                yield (f"  {kind}", *_shares(part), "", "", "")


def _shares(measured: dict[str, Any]) -> tuple[str, str, str]:
    return str(measured["answers"]), f"{measured['changed']:.1%}", f"{measured['f1']:.3f}"


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()


def _installed(package: str) -> str:
    """The version of an installed package, without importing it; a build may be named otherwise."""
    for name in (package, *packages_distributions().get(package, ())):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "not installed"
