"""Pictures of the results, where matplotlib is installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Panel:
    """One diagram: the ``value`` of every contestant in each of ``rows``, which ``places`` name."""

    title: str
    x_label: str
    y_label: str
    places: Sequence[str]
    rows: Sequence[dict[str, Any]]
    value: str


def write_plot(result: dict[str, Any], panels: Sequence[Panel], out: Path) -> Path | None:
    """Write ``<kind>.png`` into ``out``; None, with a note on standard error, without matplotlib."""
    if find_spec("matplotlib") is None:
        print('no plot: matplotlib is not installed (pip install "gliner2-lite[bench]")', file=sys.stderr)
        return None
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    figure, axes = pyplot.subplots(lines, columns, figsize=(4.6 * columns, 3.6 * lines + 0.9), squeeze=False)
    for axis, panel in zip(axes.flat, panels, strict=False):
        _draw(axis, result["contestants"], panel)
        axis.set(
            title=panel.title, xlabel=panel.x_label, ylabel=panel.y_label, xticks=range(len(panel.places))
        )
        axis.set_xticklabels(panel.places)
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


def _draw(axis: Any, contestants: dict[str, Any], panel: Panel) -> None:
    for name, entry in contestants.items():
        color, style = STYLES[name]
        results = [row["results"][name] for row in panel.rows]
        x = range(len(panel.places))
        axis.plot(
            x, [item[panel.value] for item in results],
            color=color, linestyle=style, marker="o", markersize=4, label=entry["label"],
        )  # fmt: skip
        if panel.value == "median_ms":
            low, high = ([item[key] for item in results] for key in ("p10_ms", "p90_ms"))
            axis.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)
    if panel.value == "median_ms":
        from matplotlib import ticker

        axis.set_yscale("log")
        axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(lambda number, _place: f"{number:g}")
        axis.yaxis.set_minor_locator(ticker.NullLocator())
    else:
        axis.set_ylim(bottom=0)
