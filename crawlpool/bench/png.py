"""The same picture as PNG, drawn by matplotlib; see `plot.py`."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .plot import Picture, colours_of, seconds, ticks_of, visible

_LIGHT = 0.38


def write_png(file: Path, picture: Picture) -> None:
    """Draw and write it, 1500 pixels wide."""
    figure = Figure(
        figsize=(10, 1.9 + 0.3 * len(picture.bars) + 0.18 * len(picture.notes)), layout="constrained"
    )
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    colours = colours_of(picture.bars)
    for y, bar in enumerate(picture.bars):
        if bar.wall_s is None:
            axes.text(0, y, f" {_plain(bar.said[:70])}", va="center", color="#b91c1c", fontsize=9)
            continue
        first = min(bar.first_s, bar.wall_s)
        axes.barh(y, first, 0.6, color=colours[bar.group], alpha=_LIGHT)
        axes.barh(y, bar.wall_s - first, 0.6, left=first, color=colours[bar.group])
        spread = [[bar.wall_s - bar.least_s], [bar.most_s - bar.wall_s]]
        axes.errorbar(bar.wall_s, y, xerr=spread, color="#111827", capsize=3, linewidth=1)
        axes.text(max(bar.wall_s, bar.most_s), y, f"  {_plain(bar.said)}", va="center", fontsize=9)
    if picture.ideal_s is not None:
        axes.axvline(picture.ideal_s, color="#dc2626", linestyle="--", linewidth=1.2)
        axes.text(
            picture.ideal_s,
            -0.8,
            f"ideal {seconds(picture.ideal_s)}",
            color="#dc2626",
            ha="center",
            fontsize=9,
        )
    ticks = ticks_of(picture)
    axes.set_xlim(0, ticks[-1] * 1.3)
    axes.set_xticks(ticks)
    axes.set_ylim(len(picture.bars) - 0.4, -1.2)
    axes.set_yticks(range(len(picture.bars)), [_plain(bar.label) for bar in picture.bars])
    axes.set_xlabel("seconds; the light part: until the first page; the line: quickest and slowest run")
    axes.set_title(f"{_plain(picture.title)}\n", loc="left", fontsize=13, fontweight="bold")
    axes.text(0, 1.01, _plain(picture.about), transform=axes.transAxes, fontsize=9, color="#4b5563")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#e5e7eb")
    axes.set_axisbelow(True)
    if picture.notes:
        figure.supxlabel(
            "\n".join(map(_plain, picture.notes)), x=0.01, ha="left", fontsize=8, color="#4b5563"
        )
    figure.savefig(file, dpi=150, format="png")


def _plain(text: str) -> str:
    """Text that matplotlib does not take for a formula."""
    return visible(text).replace("$", r"\$")
