"""The filters of a board's page: what can be chosen, and what is, with how to take it back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.gateway.formatting import words
from services.gateway.pages.board_state import BoardState
from services.gateway.query.facets import Facet, Option
from services.gateway.query.filters import CHOICES, SIZES

MOST_OPTIONS = 40
"""Of one facet, beside those that are chosen."""


@dataclass(frozen=True)
class Quick:
    """A filter of one click."""

    label: str
    hint: str
    count: int
    chosen: bool
    address: str


@dataclass(frozen=True)
class Chip:
    """A filter that is on, and the page without it."""

    label: str
    address: str


def shortened(facet: Facet) -> Facet:
    kept = [one for place, one in enumerate(facet.options) if place < MOST_OPTIONS or one.chosen]
    return Facet(facet.parameter, facet.label, tuple(kept))


def quick_filters(state: BoardState, by_name: dict[str, Facet]) -> tuple[Quick, ...]:
    bounds = {size.name: f"{size.low:g} to {size.high:g} billion parameters" for size in SIZES}
    sizes = (
        Quick(
            option.label,
            bounds[option.value],
            option.count,
            option.chosen,
            state.address(
                size=None if option.chosen else option.value, params_min=None, params_max=None
            ),
        )
        for option in by_name["size"].options
    )
    official = by_name["official"].options[0]
    switch = Quick(
        "Official providers",
        "Models of organisations that the operators of this board know",
        official.count,
        official.chosen,
        state.address(official=None if official.chosen else True),
    )
    return (*sizes, switch)


def chips(state: BoardState, facets: Sequence[Facet]) -> tuple[Chip, ...]:
    return tuple(_chips(state, facets))


def _chips(state: BoardState, facets: Sequence[Facet]) -> Iterator[Chip]:
    for facet in facets:
        chosen = [option for option in facet.options if option.chosen]
        for option in chosen:
            if facet.parameter == "hide":
                without = [one.value for one in chosen if one is not option]
                yield Chip(f"Hidden: {option.label.lower()}", state.address(hide=without))
            elif facet.parameter in CHOICES:
                without = [one.value for one in chosen if one is not option]
                label = f"{facet.label}: {words(option.label)}"
                yield Chip(label, state.address(**{facet.parameter: without}))
            elif facet.parameter == "size":
                yield Chip(option.label, state.address(size=None, params_min=None, params_max=None))
            else:
                label = f"{facet.label}: {option.label}"
                yield Chip(label, state.address(**{facet.parameter: None}))
    asked = state.asked
    if asked.as_of:
        yield Chip(f"As of {asked.as_of}", state.address(as_of=None))
    if not asked.size and (asked.params_min is not None or asked.params_max is not None):
        low = "" if asked.params_min is None else f"from {asked.params_min:g}"
        high = "" if asked.params_max is None else f"below {asked.params_max:g}"
        label = f"Parameters {' '.join(filter(None, (low, high)))} billion"
        yield Chip(label, state.address(params_min=None, params_max=None))


def option_label(facet: Facet, option: Option) -> str:
    return words(option.label) if facet.parameter in ("type", "origin") else option.label
