"""What searches mean, and what is said about those that mean nothing."""

import pytest

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.query.board_columns import Columns
from services.gateway.query.language import MOST_CHARACTERS, MOST_PATTERNS, MOST_TERMS, read_search
from tests.unit.gateway.examples import a_board
from tests.unit.gateway.published import the_board

CALLED = (
    *("eval_name", "Precision", "Type", "T", "Weight type", "Architecture", "Model", "fullname"),
    *("Model sha", "Average ⬆️", "Hub License", "Hub ❤️", "#Params (B)", "Available on the hub"),
    *("MoE", "Flagged", "Chat Template", "CO₂ cost (kg)", "IFEval Raw", "IFEval", "BBH Raw", "BBH"),
    *("MATH Lvl 5 Raw", "MATH Lvl 5", "GPQA Raw", "GPQA", "MUSR Raw", "MUSR", "MMLU-PRO Raw"),
    *("MMLU-PRO", "Merged", "Official Providers", "Upload To Hub Date", "Submission Date"),
    *("Generation", "Base Model"),
)
COLUMNS = Columns(a_board(tasks=("ifeval", "mmlu-pro", "rank")))


@pytest.mark.parametrize(
    ("search", "meaning"),
    [
        ("", ""),
        (" ; ;; ", ""),
        ("llama", "Model contains “llama”"),
        ("llama; 7b", "Model contains “llama”; or Model contains “7b”"),
        ("llama 7b", "Model contains “llama” and Model contains “7b”"),
        (
            "@architecture:llama @license:apache",
            "Architecture contains “llama” and License contains “apache”",
        ),
        (
            "meta @architecture:llama; 7b @license:apache",
            "Model contains “meta” and Architecture contains “llama”;"
            " or Model contains “7b” and License contains “apache”",
        ),
        (
            "llama@license:mit@type:chat",
            "Model contains “llama” and License contains “mit” and Type contains “chat”",
        ),
        # Patterns are seen by what only they have; a dot or a plus alone is a part of a name.
        ("llama-2-(7|13|70)b", "Model matches the pattern llama-2-(7|13|70)b"),
        ("^mistral.*7b", "Model matches the pattern ^mistral.*7b"),
        ("qwen2.5", "Model contains “qwen2.5”"),
        ("c++", "Model contains “c++”"),
        ("[ab]+", "Model matches the pattern [ab]+"),
        ('"llama-2-(7|13|70)b"', "Model contains “llama-2-(7|13|70)b”"),
        ("@architecture:^llama", "Architecture matches the pattern ^llama"),
        # Quotes.
        ('@license:"no value"', "License contains “no value”"),
        (r'"say \"hi\" \\ ; @x:y"', 'Model contains “say "hi" \\ ; @x:y”'),
        ('@license:""', "License is unknown"),
        ('-@license:""', "License is known"),
        ('"-7b"', "Model contains “-7b”"),
        # Not.
        ("-llama", "Model does not contain “llama”"),
        ("-@license:mit 7b", "License does not contain “mit” and Model contains “7b”"),
        ("-(a|b)", "Model does not match the pattern (a|b)"),
        ("--x", "Model does not contain “-x”"),
        ("-", "Model contains “-”"),
        # Numbers.
        ("@params:<7", "Parameters (B) is below 7"),
        ("@params:<=7", "Parameters (B) is at most 7"),
        ("@params:>350m", "Parameters (B) is above 0.35"),
        ("@average:>30", "Average is above 30"),
        ("@average:>=-1.5e1", "Average is at least -15"),
        ("@params:3..7", "Parameters (B) is at least 3 and at most 7"),
        ("@params:..7", "Parameters (B) is at most 7"),
        ("@params:3..", "Parameters (B) is at least 3"),
        ("@params:7.2", "Parameters (B) is 7.2"),
        ("-@params:<7", "Parameters (B) is not below 7"),
        ("@mmlu_pro:>40", "Mmlu-Pro is above 40"),
        ("@mmlu-pro:>40", "Mmlu-Pro is above 40"),
        ("@rank:<=3", "Rank is at most 3"),
        ("@task_rank:>50", "Rank is above 50"),
        # Truths and dates.
        ("@moe:true", "Mixture of experts is yes"),
        ("-@merged:yes", "Merged is no"),
        ("@flagged:0", "Flagged is no"),
        ("@submitted:2024-06", "Submitted is 2024-06"),
        ("@submitted:>2024-06", "Submitted is at least 2024-07-01"),
        ("@submitted:<2024", "Submitted is below 2024-01-01"),
        ("@submitted:<=2024", "Submitted is below 2025-01-01"),
        (
            "@submitted:2024-12..2025-02-28",
            "Submitted is at least 2024-12-01 and below 2025-03-01",
        ),
        # Other ways to write a field.
        ("@Hub-License:mit", "License contains “mit”"),
        ("@fullname:acme", "Model contains “acme”"),
        ('@"Weight type":adapter', "Weight type contains “adapter”"),
        ('7b-@"Hub License":"a b"', "Model contains “7b-” and License contains “a b”"),
        ("@license:=mit", "License is “mit”"),
        # Strange, but text.
        ("\x00", "Model contains “\x00”"),
        ("שלום", "Model contains “שלום”"),
    ],
)
def test_a_search_says_what_it_means(search: str, meaning: str) -> None:
    assert read_search(search, COLUMNS).explanation == meaning


@pytest.mark.parametrize(
    ("search", "code", "start", "end", "said"),
    [
        ("llama [", ErrorCode.INVALID_SEARCH, 6, 7, "unclosed character class"),
        ("x @type:(a|b", ErrorCode.INVALID_SEARCH, 8, 9, "unclosed group"),
        ("a{2,1}", ErrorCode.INVALID_SEARCH, 1, 6, "invalid repetition count range"),
        ("(?<=a)b", ErrorCode.INVALID_SEARCH, 0, 4, "look-behind"),
        ("(a{1000}){1000}", ErrorCode.INVALID_SEARCH, 0, 15, "size limit"),
        ('7b "open', ErrorCode.INVALID_SEARCH, 3, 8, "quote"),
        ("@license: mit", ErrorCode.INVALID_SEARCH, 9, 9, "has no value"),
        ("llama @license", ErrorCode.INVALID_SEARCH, 6, 14, "a name and a colon"),
        ("@:x", ErrorCode.INVALID_SEARCH, 0, 2, "a name and a colon"),
        ('@"":x', ErrorCode.INVALID_SEARCH, 0, 4, "a name and a colon"),
        ('@"a b" x', ErrorCode.INVALID_SEARCH, 0, 6, "a name and a colon"),
        ('@"a b', ErrorCode.INVALID_SEARCH, 0, 1, "a name and a colon"),
        ('7b @"Licens":mit', ErrorCode.FIELD_UNKNOWN, 3, 13, "Did you mean 'license'?"),
        ("@params:>x", ErrorCode.INVALID_SEARCH, 9, 10, "is a number"),
        ("@params:3..x", ErrorCode.INVALID_SEARCH, 11, 12, "is a number"),
        ("@average:7b", ErrorCode.INVALID_SEARCH, 9, 11, "is a number"),
        ("@moe:maybe", ErrorCode.INVALID_SEARCH, 5, 10, "yes or no"),
        ("@submitted:june", ErrorCode.INVALID_SEARCH, 11, 15, "is a date"),
        ("@submitted:2024-13", ErrorCode.INVALID_SEARCH, 11, 18, "is a date"),
        ("@submitted:9999-12-31", ErrorCode.INVALID_SEARCH, 11, 21, "is a date"),
        ("@model:>7", ErrorCode.INVALID_SEARCH, 7, 8, "does not compare"),
        ("7b @licens:mit", ErrorCode.FIELD_UNKNOWN, 3, 11, "Did you mean 'license'?"),
        ("@zzz:1", ErrorCode.FIELD_UNKNOWN, 0, 5, "no field 'zzz'"),
    ],
)
def test_a_fault_is_told_with_its_place(
    search: str, code: ErrorCode, start: int, end: int, said: str
) -> None:
    with pytest.raises(Refusal) as refused:
        read_search(search, COLUMNS)

    assert refused.value.code is code
    assert refused.value.details
    assert (refused.value.details["start"], refused.value.details["end"]) == (start, end)
    assert said in refused.value.message


def test_an_unknown_field_is_answered_with_those_there_are() -> None:
    with pytest.raises(Refusal) as refused:
        read_search("@quality:>3", COLUMNS)

    assert refused.value.details
    assert refused.value.details["fields"] == list(COLUMNS.names)
    assert "ifeval" in refused.value.advice


def test_every_column_is_a_field() -> None:
    for column in COLUMNS:
        [[term]] = read_search(f'@{column.name}:""', COLUMNS).alternatives
        assert term.column is column


def test_every_heading_is_a_field_and_means_its_own_column() -> None:
    columns = Columns(the_board())
    for column in columns:
        [[term]] = read_search(f'@"{column.label}":""', columns).alternatives
        assert term.column is column


def test_what_the_open_llm_leaderboard_called_its_columns_is_understood() -> None:
    columns = Columns(the_board())

    # That one stands for several of the others together.
    assert [name for name in CALLED if not columns.find(name)] == ["eval_name"]


def test_terms_know_where_they_stand() -> None:
    text = 'ä 7b;  -@license:"a b" (x|y)'

    alternatives = read_search(text, COLUMNS).alternatives

    places = [[text[term.start : term.end] for term in terms] for terms in alternatives]
    assert places == [["ä", "7b"], ['-@license:"a b"', "(x|y)"]]


def test_what_is_too_long_is_refused() -> None:
    for search in [
        "x" * (MOST_CHARACTERS + 1),
        "(" * 10_000,
        " ".join(["7b"] * (MOST_TERMS + 1)),
        " ".join(["7b$"] * (MOST_PATTERNS + 1)),
    ]:
        with pytest.raises(Refusal) as refused:
            read_search(search, COLUMNS)
        assert refused.value.code is ErrorCode.INVALID_SEARCH
    assert read_search("x" * MOST_CHARACTERS, COLUMNS).alternatives
    assert read_search(" ".join(["7b"] * MOST_TERMS), COLUMNS).alternatives
    assert read_search(" ".join(["7b$"] * MOST_PATTERNS), COLUMNS).alternatives
