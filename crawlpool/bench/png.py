"""The same picture as PNG, drawn by matplotlib; see `plot.py`."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .plot import Picture, colours_of, seconds, ticks_of, visible

_LIGHT = 0.38
_WIDE = 1500


def write_png(file: Path, picture: Picture) -> None:
    """Draw and write it, 1500 pixels wide."""
    drawn(picture).savefig(file, dpi=150, format="png")


def drawn(picture: Picture) -> Figure:
    """The picture before it is written."""
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
            f" ideal {seconds(picture.ideal_s)}",  # beside its line, which may be near the axis
            color="#dc2626",
            fontsize=9,
        )
    ticks = ticks_of(picture)
    axes.set_xlim(0, max(ticks[-1] * 1.02, _end(picture)))
    axes.set_xticks(ticks)
    axes.set_ylim(len(picture.bars) - 0.4, -1.2)
    axes.set_yticks(range(len(picture.bars)), [_plain(bar.label) for bar in picture.bars])
    axes.set_xlabel(_plain(picture.axis))
    # From the edge of the picture: the bars begin where the longest name ends, which may be half way.
    figure.suptitle(f"{_plain(picture.title)}\n", x=0.01, ha="left", fontsize=13, fontweight="bold")
    about = axes.annotate(
        _plain(picture.about),
        (0.01, 1.02),
        xycoords=("figure fraction", "axes fraction"),
        fontsize=9,
        color="#4b5563",
    )
    about.set_in_layout(False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#e5e7eb")
    axes.set_axisbelow(True)
    if picture.notes:
        figure.supxlabel(
            "\n".join(map(_plain, picture.notes)), x=0.01, ha="left", fontsize=8, color="#4b5563"
        )
    return figure


def _end(picture: Picture) -> float:
    """Seconds at the right edge of the bars, so that what is said behind the longest has room."""
    measured = [bar for bar in picture.bars if bar.wall_s is not None]
    said = 9.5 * max((len(bar.said) for bar in measured), default=0) + 25
    names = 11 * max((len(bar.label) for bar in picture.bars), default=0) + 90
    longest = max((bar.most_s for bar in measured), default=0.0)
    return longest / (1 - min(said / max(_WIDE - names, 1), 0.7))


def _plain(text: str) -> str:
    """Text that matplotlib does not take for a formula."""
    return visible(text).replace("$", r"\$")
