"""What pages are made of, without a browser."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from services.gateway.formatting import relative
from services.gateway.pages.about import Formula, about_task
from services.gateway.pages.navigation import navigation
from services.gateway.templating import STATIC
from tests.unit.gateway.examples import a_board
from tests.unit.gateway.published import the_board

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOKENS: dict[str, str] = dict(
    re.findall(
        r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\);",
        (STATIC / "css" / "tokens.css").read_text(),
    )
)
THEMES = ["light", "dark"]


def luminance(color: str) -> float:
    """WCAG 2's relative luminance of `#rrggbb`."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def color(token: str, theme: str) -> str:
    return TOKENS[token].split(", ")[THEMES.index(theme)]


def contrast(one: str, other: str, theme: str) -> float:
    dark, light = sorted(luminance(color(token, theme)) for token in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("text", "backgrounds"),
    [
        ("ink", ("paper", "surface", "sunken", "accent-soft", *(f"heat-{n}" for n in range(9)))),
        ("muted", ("paper", "surface", "sunken")),
        ("accent", ("paper", "surface", "sunken", "accent-soft")),
        ("on-accent", ("accent",)),
        ("good", ("surface", "good-soft")),
        ("bad", ("surface", "bad-soft")),
        ("warn", ("surface", "warn-soft")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_text_stands_out_from_what_is_behind_it(
    theme: str, text: str, backgrounds: tuple[str, ...]
) -> None:
    too_faint = [one for one in backgrounds if contrast(text, one, theme) < 4.5]

    assert too_faint == []


@pytest.mark.parametrize("theme", THEMES)
def test_edges_of_controls_and_series_of_charts_stand_out(theme: str) -> None:
    shown = ["line-strong", *(f"series-{n}" for n in range(1, 7))]

    assert [one for one in shown if contrast(one, "surface", theme) < 3] == []


@pytest.mark.parametrize("theme", THEMES)
def test_better_scores_are_told_apart_by_lightness_alone(theme: str) -> None:
    scale = [luminance(color(f"heat-{step}", theme)) for step in range(9)]

    assert scale == sorted(set(scale), reverse=theme == "light")


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=4), "just now"),
        (timedelta(seconds=59), "59 s ago"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=29), "29 d ago"),
        (timedelta(days=31), "1 Dec 2025"),
    ],
)
def test_times_are_told_as_people_do(ago: timedelta, words: str) -> None:
    assert relative(NOON - ago, NOON) == words


def test_the_header_marks_the_deepest_entry_that_the_page_lies_under() -> None:
    at = {
        path: [link.title for link in navigation(path, a_board(), None) if link.is_current]
        for path in ("/boards/demo", "/boards/demo/about", "/docs/api")
    }

    assert at == {"/boards/demo": ["Board"], "/boards/demo/about": ["About"], "/docs/api": []}


def test_without_a_board_nothing_leads_to_one() -> None:
    assert not [link for link in navigation("/", None, None) if "/boards" in link.path]


def test_the_about_page_says_how_each_task_of_the_real_board_is_scored() -> None:
    told = {task.id: about_task(task) for task in the_board().tasks}

    assert {name: (one.formula, one.floors) for name, one in told.items()} == {
        "ifeval": (Formula.PERCENT, "0 %"),
        "bbh": (Formula.NORMALISED_THEN_AVERAGED, "5.26 to 50 %"),
        "math": (Formula.PERCENT, "0 %"),
        "gpqa": (Formula.WEIGHTED_THEN_NORMALISED, "25 %"),
        "musr": (Formula.NORMALISED_THEN_AVERAGED, "20 to 50 %"),
        "mmlu-pro": (Formula.NORMALISED, "10 %"),
    }
