"""``gliner2-lite info``: what is installed, and what a bundle holds."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gliner2_lite import __version__

MEGABYTE = 1_000_000


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``info`` subcommand to ``commands``."""
    parser = commands.add_parser(
        "info",
        help="show versions and what a bundle holds",
        description="Show versions, and what the bundle MODEL holds: variants, sizes, source, quality.",
    )
    parser.add_argument(
        "model",
        nargs="?",
        default="tiny",
        metavar="MODEL",
        help="bundle directory, hub repository, or the embedded model: tiny (default)",
    )
    parser.add_argument("--json", action="store_true", help="the manifest as it is, as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the facts; nothing but the bundle's manifest is read."""
    from gliner2_lite.bundle import read_bundle
    from gliner2_lite.loading import HubOptions, locate

    bundle = read_bundle(locate(options.model, None, HubOptions()))
    if options.json:
        print(json.dumps(bundle.raw, ensure_ascii=False, indent=2))
        return
    rows = [
        ("gliner2-lite", __version__),
        ("onnxruntime", _installed("onnxruntime")),
        ("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("bundle", str(bundle.root)),
        *_facts(bundle.raw),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")


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
    for key, value in manifest.get("quality", {}).items():
        yield (
            f"quality {key}",
            json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value),
        )


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
