"""The original leaderboard's documented searches and quick filters, on its own rows."""

import re
from functools import cache

import msgspec
import pytest

from contracts.views import Entry
from services.gateway.query.asked import Asked
from services.gateway.query.engine import Ranked, find
from services.gateway.query.facets import facets
from tests.unit.gateway.examples import a_ranked_board
from tests.unit.gateway.published import (
    COUNTS,
    OF_NO_SIZE,
    needs_published_rows,
    published_entries,
    the_board,
)

pytestmark = needs_published_rows


@cache
def ranked() -> Ranked:
    return a_ranked_board(*published_entries(), board=the_board())


def total(asked: Asked) -> int:
    return find(ranked(), asked.query(ranked().snapshot.columns)).total


def models(search: str) -> list[str]:
    found = find(ranked(), Asked(search=search).query(ranked().snapshot.columns))
    return found.rows["model"].to_list()


@pytest.mark.parametrize(("asked", "count"), COUNTS, ids=str)
def test_what_the_original_documents_finds_what_it_found(asked: Asked, count: int) -> None:
    assert total(asked) == count


def test_models_whose_size_the_original_did_not_know_are_not_small() -> None:
    unknown = models('@params:""')

    assert len(unknown) == 5
    assert set(OF_NO_SIZE) < set(unknown)
    assert total(Asked(size="edge")) + len(OF_NO_SIZE) == 655


def test_a_dot_in_a_name_is_a_dot() -> None:
    """The original took `qwen2.5` for a pattern and found two with another character there."""
    as_pattern = [
        entry.repo_id
        for entry in published_entries()
        if re.search("qwen2.5", entry.repo_id.lower())
    ]

    found = models("qwen2.5")

    assert (len(as_pattern), len(found)) == (326, 324)
    assert all("qwen2.5" in name.lower() for name in found)
    assert sorted(set(as_pattern) - set(found)) == sorted(
        name for name in as_pattern if "qwen2.5" not in name.lower()
    )
    assert sorted(found + sorted(set(as_pattern) - set(found))) == sorted(as_pattern)


def test_two_words_are_two_words() -> None:
    """The original looked for them as one, with the space, and no name has a space."""
    found = models("llama 70b")

    assert found
    assert set(found) == {
        entry.repo_id
        for entry in published_entries()
        if "llama" in entry.repo_id.lower() and "70b" in entry.repo_id.lower()
    }


def test_continuously_pretrained_models_are_found_by_their_type() -> None:
    """The original's filter found none of the 48, and counted them as pretrained."""
    assert total(Asked(type=("continuously-pretrained",))) == 48
    assert total(Asked(type=("pretrained",))) == 232


def test_negation_splits_the_rows() -> None:
    for search in ["llama", "(7|13)b$", "@license:apache", "@average:>30", '@license:""']:
        assert total(Asked(search=search)) + total(Asked(search=f"-{search}")) == 3827


def test_the_best_rows_are_the_published_ones() -> None:
    best = sorted(published_entries(), key=average, reverse=True)[:100]

    found = find(ranked(), Asked().paged(100).query(ranked().snapshot.columns))

    assert [*found.rows["average"]] == [entry.average for entry in best]
    assert found.rows["model"][0] == "MaziyarPanahi/calme-3.2-instruct-78b"


def average(entry: Entry) -> float:
    assert entry.average is not None
    return entry.average


def test_facets_count_what_choosing_would_find() -> None:
    asked = Asked(
        search="llama; @license:mit", type=("chat", "merge"), hide=("merged",), size="edge"
    )
    counted = {
        (facet.parameter, option.value): option.count
        for facet in facets(ranked(), asked.query(ranked().snapshot.columns))
        for option in facet.options
    }

    def with_(**chosen: object) -> int:
        return total(msgspec.structs.replace(asked, **chosen))

    assert counted["type", "chat"] == with_(type=("chat",)) > 0
    assert counted["type", "fine-tuned"] == with_(type=("fine-tuned",)) > 0
    assert counted["license", "mit"] == with_(license=("mit",)) > 0
    assert counted["license", "unknown"] == with_(license=("unknown",)) > 0
    assert counted["architecture", "llamaforcausallm"] == with_(architecture=("llamaforcausallm",))
    assert counted["size", "consumer"] == with_(size="consumer") > 0
    assert counted["official", "true"] == with_(official=True) > 0
    assert counted["chat_template", "false"] == with_(chat_template=False) > 0
    # Hiding takes rows away: what is counted is what would go.
    assert counted["hide", "merged"] == with_(hide=()) - with_() > 0
    assert counted["hide", "unavailable"] == with_() - with_(hide=("merged", "unavailable")) > 0


def test_a_choice_that_would_find_nothing_stays_where_it_is() -> None:
    def options(asked: Asked, parameter: str) -> dict[str, int]:
        query = asked.query(ranked().snapshot.columns)
        found = {facet.parameter: facet for facet in facets(ranked(), query)}
        return {option.value: option.count for option in found[parameter].options}

    everything, nothing = Asked(), Asked(search="no model is called so")

    for parameter in ("type", "precision", "weight_type", "origin"):
        assert list(options(nothing, parameter)) == list(options(everything, parameter))
        assert set(options(nothing, parameter).values()) == {0}
    assert options(everything, "precision") == {"float16": 954, "bfloat16": 2871, "4bit": 2}
    assert options(nothing, "license") == {}
