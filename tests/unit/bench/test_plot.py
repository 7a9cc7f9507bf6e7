"""The picture: well formed whatever is written into it, its bars as long as the figures say."""

from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from crawlpool.bench.plot import Bar, Picture, as_html, as_svg, check_plot, ticks_of, write_plot
from crawlpool.errors import ConfigError, StoreError

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script> & \x1b[31m \x00 \ud800 $x$ \"'"
PICTURE = Picture(
    title=f"4 pages {HOSTILE}",
    about="today",
    bars=(
        Bar(label="a loop", group="one", wall_s=4.0, least_s=3.5, most_s=4.5, first_s=1.0, said="4.00 s"),
        Bar(label="a pool", group="two", wall_s=2.0, least_s=2.0, most_s=2.0, first_s=9.0, said="2.00 s"),
        Bar(label="broken", group="two", said=f"failed: {HOSTILE}"),
    ),
    ideal_s=0.5,
    notes=("a note", HOSTILE),
    columns=("way", "seconds"),
    cells=(("a loop", "4.00"), ("broken", HOSTILE)),
)


def test_the_picture_is_well_formed_and_shows_what_was_said_as_text():
    root = ET.fromstring(as_svg(PICTURE))

    words = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert any("<script>alert(1)</script>" in each for each in words)
    assert "ideal 0.50 s" in words
    assert not list(root.iter(f"{SVG}script"))


def test_bars_are_as_long_as_their_seconds_and_light_until_the_first_page():
    root = ET.fromstring(as_svg(PICTURE))

    light, dark, all_light, nothing = [float(each.get("width")) for each in list(root.iter(f"{SVG}rect"))[1:]]
    assert dark == pytest.approx(3 * light, rel=0.01)
    assert all_light == pytest.approx((light + dark) / 2, rel=0.01)
    assert nothing == 0


@pytest.mark.parametrize(
    ("longest_s", "ticks"),
    [
        (5.0, [0, 1, 2, 3, 4, 5]),
        (0.6, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
        (61, [0, 20, 40, 60, 80]),
        (0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_the_axis_counts_in_round_steps_to_the_longest_bar(longest_s, ticks):
    bar = Bar(label="a", group="g", wall_s=longest_s, least_s=longest_s, most_s=longest_s)
    assert ticks_of(Picture(title="t", about="a", bars=(bar,))) == ticks


def test_a_page_holds_the_picture_and_the_table():
    tags = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, _: tags.append(tag)
    reader.feed(as_html(PICTURE))

    assert "svg" in tags
    assert tags.count("td") == 4
    assert "script" not in tags


def test_long_names_have_room_and_leave_the_bars_as_long_as_they_are():
    label = "apply_async with callbacks, parsed by callback"
    long = replace(PICTURE, bars=tuple(replace(bar, label=label) for bar in PICTURE.bars))
    usual, wide = ET.fromstring(as_svg(PICTURE)), ET.fromstring(as_svg(long))

    ends = [float(text.get("x")) for text in wide.iter(f"{SVG}text") if text.text == label]
    assert len(ends) == 3
    assert min(ends) >= 7 * len(label)
    assert [each.get("width") for each in list(usual.iter(f"{SVG}rect"))[1:]] == [
        each.get("width") for each in list(wide.iter(f"{SVG}rect"))[1:]
    ]
    assert float(wide.get("width")) - ends[0] == float(usual.get("width")) - 250 + 12


def test_a_png_is_drawn_too(tmp_path):
    pytest.importorskip("matplotlib")
    file = tmp_path / "bars.png"
    write_plot(file, PICTURE)
    assert file.read_bytes().startswith(b"\x89PNG")


def test_all_that_a_png_says_is_inside_of_it_also_beside_long_names():
    pytest.importorskip("matplotlib")
    from matplotlib.text import Text

    from crawlpool.bench.png import drawn

    long = tuple(
        replace(
            bar,
            label=f"{bar.label} with callbacks, parsed by callback",
            said="12.34 s, 1,121 pages/s, CPU 12.09 s",
        )
        for bar in PICTURE.bars
    )
    title = "100 pages of 20 kB, 50 ms latency, 8 workers: how long each way takes"
    about = "2026-11-23 12:42, CPython 3.11.7, Linux x86_64, 2 processors, plain pools start by forkserver"
    figure = drawn(replace(PICTURE, bars=long, title=title, about=about))
    figure.canvas.draw()

    wide = figure.bbox.width
    said = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    assert {title, about} <= {text.get_text().strip() for text in said}
    for text in said:
        box = text.get_window_extent()
        assert -1 <= box.x0 <= box.x1 <= wide + 1, text.get_text()


def test_a_png_without_what_draws_it_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr("crawlpool.bench.plot.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r'pip install "crawlpool\[plot\]"'):
        check_plot(tmp_path / "bars.png")
    check_plot(tmp_path / "bars.svg")


def test_a_picture_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(StoreError, match="cannot write"):
        write_plot(tmp_path / "gone" / "bars.svg", PICTURE)
