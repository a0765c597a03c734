"""Pictures of the results, where matplotlib is installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

#: Contestant → colour (told apart also with colour-blindness), line style. Ours are solid.
STYLES = {
    "int8": ("#0072B2", "-"),
    "fp32": ("#56B4E9", "-"),
    "gliner2": ("#D55E00", "--"),
    "optimum-fp32": ("#7F7F7F", "--"),
    "optimum-int8": ("#CC79A7", "--"),
}


def write_plot(result: dict[str, Any], out: Path) -> Path | None:
    """Write ``<kind>.png`` into ``out``; None, with a note on standard error, without matplotlib."""
    if find_spec("matplotlib") is None:
        print('no plot: matplotlib is not installed (pip install "gliner2-lite[bench]")', file=sys.stderr)
        return None
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    panels = _latency_panels(result) if result["kind"] == "latency" else [_throughput_panel(result)]
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    figure, axes = pyplot.subplots(lines, columns, figsize=(4.6 * columns, 3.6 * lines + 0.9), squeeze=False)
    for axis, (title, x_label, y_label, places, rows, value) in zip(axes.flat, panels, strict=False):
        _draw(axis, result["contestants"], places, rows, value)
        axis.set(title=title, xlabel=x_label, ylabel=y_label, xticks=range(len(places)))
        axis.set_xticklabels(places)
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    handles, names = axes.flat[0].get_legend_handles_labels()
    legend_inches = 0.3 + 0.22 * -(-len(names) // columns)
    figure.legend(handles, names, loc="upper center", ncol=columns, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 1 - legend_inches / figure.get_figheight()))
    path = out / f"{result['kind']}.png"
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
    return path


Panel = tuple[str, str, str, Sequence[str], Sequence[dict[str, Any]], str]


def _latency_panels(result: dict[str, Any]) -> list[Panel]:
    panels: list[Panel] = []
    for schema in dict.fromkeys(row["schema"] for row in result["rows"] if row["group"] == "grid"):
        rows = [row for row in result["rows"] if row["schema"] == schema]
        title = rows[0]["title"].replace(" + a structure", "\n+ a structure")
        panels.append(
            (title, "words", "milliseconds", [str(row["words"]) for row in rows], rows, "median_ms")
        )
    rows = [row for row in result["rows"] if row["group"] == "labels"]
    if rows:
        title = f"classification, {rows[0]['words']} words"
        labels = [row["schema"].removeprefix("labels-") for row in rows]
        panels.append((title, "labels", "milliseconds", labels, rows, "median_ms"))
    return panels


def _throughput_panel(result: dict[str, Any]) -> Panel:
    rows = result["rows"]
    sizes = [str(row["batch_size"]) for row in rows]
    return (rows[0]["title"], "batch size", "texts per second", sizes, rows, "texts_per_second")


def _draw(
    axis: Any, contestants: dict[str, Any], places: Sequence[str], rows: Sequence[dict[str, Any]], value: str
) -> None:
    for name, entry in contestants.items():
        color, style = STYLES[name]
        results = [row["results"][name] for row in rows]
        x = range(len(places))
        axis.plot(
            x, [item[value] for item in results], color=color, linestyle=style, marker="o", markersize=4,
            label=entry["label"],
        )  # fmt: skip
        if value == "median_ms":
            low, high = ([item[key] for item in results] for key in ("p10_ms", "p90_ms"))
            axis.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)
    if value == "median_ms":
        from matplotlib import ticker

        axis.set_yscale("log")
        axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(lambda number, _place: f"{number:g}")
        axis.yaxis.set_minor_locator(ticker.NullLocator())
    else:
        axis.set_ylim(bottom=0)
