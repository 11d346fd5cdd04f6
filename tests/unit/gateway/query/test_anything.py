"""Whatever is asked, the answer is rows or a refusal that says why."""

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.gateway.query.asked import Asked, Ranks
from services.gateway.query.board_columns import Columns
from services.gateway.query.engine import find
from services.gateway.query.formats import Format
from tests.unit.gateway.examples import a_board, a_ranked_board, an_entry
from tests.unit.gateway.test_at_hand import Gateway

ENTRIES = (
    an_entry("acme/llama-2-7b", facts=80),
    an_entry("acme/qwen2.5-7b", facts=20),
    an_entry("bob/half", facts=None),
)
COLUMNS = Columns(a_board())
Ask = Callable[[Asked, Format], None]
FIELDS = st.sampled_from([f"@{name}:" for name in (*COLUMNS.names, "params", "nothing", "", "@")])
VALUES = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[<>=]{0,2}-?[0-9]{0,4}(\.\.)?[0-9]{0,4}(\.[0-9]{0,9})?(e-?[0-9]{1,4})?[a-z%]?"),
    st.from_regex(r"[0-9]{4}(-[0-9]{1,2}){0,2}"),
    st.text("()[]{}|*+?.^$\\ab27-&~<>=:!P#", max_size=15),
    st.sampled_from(["true", "no", '""', '"a b"', '"\\"', "llama", "(a+)+$", "\\p{L}", "(?i)A"]),
)
SEARCHES = st.lists(
    st.tuples(
        st.sampled_from(["", "-", " ", ";", "; ", "@", '"', "--"]), FIELDS | st.just(""), VALUES
    ),
    max_size=8,
).map(lambda parts: " ".join("".join(part) for part in parts))
NAMES = st.lists(
    st.sampled_from(["-", "", "+"]).flatmap(
        lambda sign: st.sampled_from(COLUMNS.names).map(lambda name: sign + name)
    ),
    max_size=4,
).map(",".join) | st.text(max_size=10)


FORMATS = st.sampled_from(Format)


@pytest.fixture(scope="module")
def board() -> Iterator[Ask]:
    """Asks a gateway for rows and facets. Whatever it has not foreseen is a 500."""
    gateway = Gateway(ENTRIES)
    with asyncio.Runner() as runner:

        def ask(asked: Asked, format_: Format) -> None:
            rows = asked.address("/api/v1/boards/demo/entries", format=format_)
            for address in (rows, asked.address("/api/v1/boards/demo/facets")):
                answer = runner.run(gateway.http.get(address))
                assert answer.status_code in (200, 422), answer.text
                if answer.status_code == 422:
                    assert answer.json()["error"]["advice"]

        yield ask
        runner.run(gateway.http.aclose())


@settings(max_examples=150)
@given(SEARCHES | st.text())
@example("(a+)+$")
@example("[")
@example("\x00")
@example("‮llama‬ שלום")
@example("(" * 400 + ")" * 400)
@example("[[[[a]]]]" * 40)
@example(" ".join(["llama"] * 200))
@example("x" * 10_000)
@example("(x{500}){500}")
@example("@params:1e999")
@example("@params:" + "9" * 900)
@example("@submitted:0000")
@example("@submitted:>9999-12")
@example('-@rank:""')
def test_any_search_is_answered(board: Ask, search: str) -> None:
    board(Asked(search=search), Format.JSON)


@settings(max_examples=100)
@given(
    st.builds(
        Asked,
        search=SEARCHES,
        sort=NAMES,
        columns=NAMES,
        license=st.lists(st.text(max_size=8), max_size=3).map(tuple),
        architecture=st.lists(
            st.sampled_from(["LlamaForCausalLM", "unknown", ","]), max_size=2
        ).map(tuple),
        type=st.lists(st.sampled_from(["chat", "CHAT,merge", "unknown", ""]), max_size=2).map(
            tuple
        ),
        hide=st.lists(st.sampled_from(["moe", "merged,flagged", "x"]), max_size=2).map(tuple),
        params_min=st.none() | st.floats(0, allow_nan=False),
        params_max=st.none() | st.floats(0, allow_nan=False),
        official=st.none() | st.booleans(),
        ranks=st.sampled_from(Ranks),
        tasks=st.sampled_from(["", "facts", "grammar,facts", "x"]),
        weights=st.sampled_from(["", "facts:2", "facts:0", "facts:0,grammar:0", ":", "facts:1e3"]),
        limit=st.none() | st.integers(1, 1000),
        after=st.none() | st.text(max_size=20),
    ),
    FORMATS,
)
def test_any_question_is_answered(board: Ask, asked: Asked, format_: Format) -> None:
    board(asked, format_)


@settings(max_examples=50)
@given(
    st.lists(
        st.none() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        min_size=4,
        max_size=4,
    )
)
def test_any_cursor_is_answered(board: Ask, values: list[int | float | str | None]) -> None:
    order = Asked().query(COLUMNS).order

    board(Asked(after=order.cursor(tuple(values))), Format.JSON)


@pytest.mark.parametrize(
    "search",
    [
        "(a+)+$",
        "(x*)*(y*)*(z*)*$",
        "(.*a){12}$",
        "[a-q][^u-z]{13}x",
        "(?:[ab]*a[ab]{40})",
        " ".join(["(a|b|c)+$"] * 8),
    ],
)
def test_patterns_that_stop_other_engines_take_no_time(search: str) -> None:
    """Each of these takes a backtracking engine years on names of 200 letters."""
    names = [f"acme/{'ab' * 90}{place:04}" for place in range(200)]
    ranked = a_ranked_board(*(an_entry(name) for name in names))
    query = Asked(search=search).query(ranked.snapshot.columns)
    started = time.process_time()

    find(ranked, query)

    assert time.process_time() - started < 20
