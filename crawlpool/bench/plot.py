"""The rows as a picture that one shows a colleague: SVG and HTML written here, PNG by matplotlib.

A bar for each mode (or crawler, or stage: then `axis` says what its length means), in the order in which they teach. Its light part is the time until the
first page was in the caller's hands, its line the quickest and slowest run, and a dashed line stands where the
ideal would be. Whatever is written into it is escaped: a mode's error may hold what a server said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from math import ceil, floor, log10
from pathlib import Path

from ..errors import ConfigError, StoreError

ENDINGS = (".svg", ".html", ".png")

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 1000, 250, 210, 96, 74
_LINE, _BAR, _GAP = 28, 16, 12
_COLOURS = ("#6b7280", "#b45309", "#1d4ed8", "#6d28d9", "#047857")
_LIGHT = 0.38
_LOOK = 'role="img" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="13"'
_LETTER = 7.2  # pixels; a font that is at hand may be wide
_MOST_SAID = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar.

    Attributes:
        label: What stands left of it.
        group: Bars of one group have one colour.
        wall_s: Its length; None for a mode that failed.
        least_s: Where its line begins.
        most_s: Where its line ends.
        first_s: Length of its light part.
        said: What stands right of it.
    """

    label: str
    group: str
    wall_s: float | None = None
    least_s: float = 0.0
    most_s: float = 0.0
    first_s: float = 0.0
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is drawn.

    Attributes:
        title: What was measured, with its numbers.
        about: Date and machine.
        bars: From top to bottom.
        ideal_s: Where the dashed line stands; None without one.
        notes: Lines below.
        columns: Headings of the table that HTML has besides.
        cells: Its rows.
        axis: What the lengths of bars are, and what their parts.
    """

    title: str
    about: str
    bars: Sequence[Bar]
    ideal_s: float | None = None
    notes: Sequence[str] = ()
    columns: Sequence[str] = ()
    cells: Sequence[Sequence[str]] = ()
    axis: str = "seconds; the light part: until the first page; the line: quickest and slowest run"


def check_plot(file: Path) -> None:
    """Complain before anything is measured.

    Raises:
        ConfigError: The ending is none of ours, or what draws it is not installed.
    """
    if file.suffix.lower() not in ENDINGS:
        raise ConfigError(f"--plot: {str(file)!r} should end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    if file.suffix.lower() == ".png" and find_spec("matplotlib") is None:
        raise ConfigError(
            '--plot: a PNG needs matplotlib: pip install "crawlpool[plot]"; .svg and .html need nothing'
        )


def write_plot(file: Path, picture: Picture) -> None:
    """Write it, as the ending says.

    Raises:
        StoreError: The file cannot be written.
    """
    try:
        if file.suffix.lower() == ".png":
            from .png import write_png  # noqa: PLC0415  loads matplotlib

            write_png(file, picture)
        else:
            text = as_svg(picture) if file.suffix.lower() == ".svg" else as_html(picture)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"cannot write {file}: {error.strerror or error}") from error


def as_svg(picture: Picture) -> str:
    """The picture as SVG, complete in itself."""
    places = _places(picture.bars)
    below = places[-1] + _LINE if places else _TOP
    height = below + _BOTTOM + 16 * len(picture.notes)
    ticks = ticks_of(picture)
    scale = (_WIDTH - _LEFT - _RIGHT) / ticks[-1]
    left = max(_LEFT, ceil(_LETTER * max((len(visible(bar.label)) for bar in picture.bars), default=0)) + 24)
    width = _WIDTH - _LEFT + left
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" {_LOOK}>',
        f"<title>{_text(picture.title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="24" y="34" font-size="19" font-weight="600" fill="#111827">{_text(picture.title)}</text>',
        f'<text x="24" y="56" fill="#4b5563">{_text(picture.about)}</text>',
    ]
    for tick in ticks:
        x = left + tick * scale
        parts.append(f'<path d="M{x:.1f} {_TOP - 10}V{below}" stroke="#e5e7eb"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{below + 18}" text-anchor="middle" fill="#4b5563">{tick:g}</text>'
        )
    middle = left + ticks[-1] * scale / 2
    parts.append(
        f'<text x="{middle:.1f}" y="{below + 38}" text-anchor="middle" fill="#4b5563">{_text(picture.axis)}</text>'
    )
    colours = colours_of(picture.bars)
    for bar, y in zip(picture.bars, places, strict=True):
        parts += _bar(bar, left, y, scale, colours[bar.group])
    if picture.ideal_s is not None:
        x = left + picture.ideal_s * scale
        parts.append(
            f'<path d="M{x:.1f} {_TOP - 10}V{below}" stroke="#dc2626" stroke-width="1.5" stroke-dasharray="5 4"/>'
            f'<text x="{x:.1f}" y="{_TOP - 14}" text-anchor="middle" fill="#dc2626">ideal {seconds(picture.ideal_s)}</text>'
        )
    parts += [
        f'<text x="24" y="{below + 60 + 16 * number}" font-size="12" fill="#4b5563">{_text(note)}</text>'
        for number, note in enumerate(picture.notes)
    ]
    return "\n".join((*parts, "</svg>")) + "\n"


def as_html(picture: Picture) -> str:
    """The picture with its table, as a page that needs nothing else."""
    head = "".join(f"<th>{_text(column)}</th>" for column in picture.columns)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in picture.cells
    )
    return f"""\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{_text(picture.title)}</title>
<style>
body {{ font: 15px/1.5 system-ui, Helvetica, Arial, sans-serif; color: #111827; background: #fff; margin: 1rem; }}
svg {{ max-width: 100%; height: auto; }}
table {{ border-collapse: collapse; margin: 1rem 24px; }}
th, td {{ text-align: right; padding: .2rem .7rem; border-bottom: 1px solid #e5e7eb; }}
th:first-child, td:first-child {{ text-align: left; }}
</style></head><body>
{as_svg(picture)}<table><thead><tr>{head}</tr></thead><tbody>
{rows}
</tbody></table>
</body></html>
"""


def seconds(s: float) -> str:
    """Write a length of time: "2.5 ms", "0.63 s", "12.4 s"."""
    if 0 < s < 0.00995:
        return f"{s * 1000:.1f} ms"
    return f"{s:.2f} s" if s < 9.995 else f"{s:.1f} s"


def ticks_of(picture: Picture) -> list[float]:
    """Where the axis has numbers: from 0 in steps of 1, 2 or 5, up to what is longest or a step more."""
    longest = max(
        (*(bar.most_s for bar in picture.bars if bar.wall_s is not None), picture.ideal_s or 0.0), default=0.0
    )
    longest = longest or 1.0
    rough = longest / 6
    size = 10 ** floor(log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    return [round(step * number, 10) for number in range(ceil(longest / step - 1e-9) + 1)]


def colours_of(bars: Sequence[Bar]) -> dict[str, str]:
    """A colour for each group, in their order."""
    groups = dict.fromkeys(bar.group for bar in bars)
    return {group: _COLOURS[number % len(_COLOURS)] for number, group in enumerate(groups)}


def _places(bars: Sequence[Bar]) -> list[int]:
    """The upper edge of each bar's line; a gap between groups."""
    places, y = [], _TOP
    for number, bar in enumerate(bars):
        if number and bar.group != bars[number - 1].group:
            y += _GAP
        places.append(y)
        y += _LINE
    return places


def _bar(bar: Bar, left: int, y: int, scale: float, colour: str) -> list[str]:
    centre = y + _LINE / 2
    label = f'<text x="{left - 12}" y="{centre + 4.5:.1f}" text-anchor="end" fill="#111827">{_text(bar.label)}</text>'
    if bar.wall_s is None:
        said = bar.said if len(bar.said) <= _MOST_SAID else f"{bar.said[: _MOST_SAID - 1]}…"
        return [
            label,
            f'<text x="{left + 8}" y="{centre + 4.5:.1f}" fill="#b91c1c">{_text(said)}</text>',
        ]
    top = centre - _BAR / 2
    whole, first = bar.wall_s * scale, min(bar.first_s, bar.wall_s) * scale
    least, most = left + bar.least_s * scale, left + bar.most_s * scale
    end = left + max(whole, bar.most_s * scale)
    return [
        label,
        f"<g><title>{_text(f'{bar.label}: {bar.said}')}</title>",
        f'<rect x="{left}" y="{top:.1f}" width="{first:.1f}" height="{_BAR}" fill="{colour}" opacity="{_LIGHT}"/>',
        f'<rect x="{left + first:.1f}" y="{top:.1f}" width="{whole - first:.1f}" height="{_BAR}" fill="{colour}"/>',
        f'<path stroke="#111827" d="M{least:.1f} {centre:.1f}H{most:.1f}{_end(least, centre)}{_end(most, centre)}"/></g>',
        f'<text x="{end + 10:.1f}" y="{centre + 4.5:.1f}" fill="#111827">{_text(bar.said)}</text>',
    ]


def _end(x: float, y: float) -> str:
    """The short stroke at an end of a line."""
    return f"M{x:.1f} {y - 4:.1f}v8"


def visible(text: str) -> str:
    """Text without what neither XML nor a font has a shape for."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _text(text: str) -> str:
    return escape(visible(text))
