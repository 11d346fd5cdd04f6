"""On files that the evaluator's own code has written."""

from pathlib import Path

import pytest

from contracts.board import BoardTask
from services.gateway.samples.reading import Asked, pairs, read_numbers, read_page
from tests.unit.gateway.sample_files import chosen, samples_file, written

FACTS = BoardTask(
    id="facts", title="Facts", harness_task="podium_facts", metrics=("acc,none",), choices=2
)
SECRET = FACTS.model_copy(update={"shows_questions": False})
WRITING = FACTS.model_copy(
    update={"metrics": ("prompt_level_strict_acc,none", "inst_level_strict_acc,none")}
)


def test_a_sample_says_what_was_asked_and_what_was_chosen(tmp_path: Path) -> None:
    body = samples_file(tmp_path, [chosen(4, right=False)])

    [sample] = read_page(body, FACTS, Asked()).samples

    assert sample.prompt == "Q: Is 4 a number?\nA:"
    assert [choice.text for choice in sample.choices] == ["no", "yes"]
    assert [choice.loglikelihood for choice in sample.choices] == [-1.0, -3.0]
    assert [choice.is_chosen for choice in sample.choices] == [True, False]
    assert [choice.is_target for choice in sample.choices] == [False, True]
    assert (sample.target, sample.score, sample.answer) == ("yes", 0.0, None)


@pytest.mark.parametrize("target", [1, "yes", " yes"])
def test_the_right_choice_is_known_by_its_place_or_its_text(tmp_path: Path, target: object) -> None:
    body = samples_file(tmp_path, [chosen(4, right=True, target=target)])

    [sample] = read_page(body, FACTS, Asked()).samples

    assert [choice.is_target for choice in sample.choices] == [False, True]


def test_samples_can_be_narrowed_to_wrong_ones_subtasks_and_text(tmp_path: Path) -> None:
    body = samples_file(
        tmp_path,
        [chosen(n, right=n % 3 != 0, task="odd" if n % 2 else "even") for n in range(600)]
        + [chosen(601, right=False, question='Who said "Été 100%"?')],
    )

    assert read_page(body, FACTS, Asked()).total == 601
    assert read_page(body, FACTS, Asked()).subtasks == ("even", "odd", "podium_facts")
    wrong = read_page(body, FACTS, Asked(wrong=True, subtask="odd", offset=10, limit=5))
    assert wrong.total == 100
    assert [sample.doc_id for sample in wrong.samples] == [63, 69, 75, 81, 87]
    for text in ('said "été', "100%"):
        found = read_page(body, FACTS, Asked(search=text)).samples
        assert [sample.doc_id for sample in found] == [601], text


def test_what_was_written_is_an_answer_and_its_score_the_mean_of_the_metrics(
    tmp_path: Path,
) -> None:
    body = samples_file(
        tmp_path,
        [
            written(1, "one", prompt_level_strict_acc=False, inst_level_strict_acc=[True, False]),
            written(2, "two", prompt_level_strict_acc=True, inst_level_strict_acc=[True]),
        ],
    )

    first, second = read_page(body, WRITING, Asked()).samples

    assert (first.answer, first.score, first.choices) == ("one", 0.25, ())
    assert (second.answer, second.score, second.target) == ("two", 1.0, "2")
    assert read_page(body, WRITING, Asked(wrong=True)).samples == (first,)


def test_questions_that_are_not_to_be_shown_are_not(tmp_path: Path) -> None:
    body = samples_file(tmp_path, [chosen(4, right=True, question="What is secret?")])

    [sample] = read_page(body, SECRET, Asked(search="nothing of it")).samples

    assert (sample.prompt, sample.target, sample.answer) == (None, None, None)
    assert [choice.text for choice in sample.choices] == [None, None]
    assert sample.choices[1].is_chosen
    assert sample.score == 1.0


def test_a_metric_that_is_no_share_has_no_score(tmp_path: Path) -> None:
    body = samples_file(tmp_path, [written(1, "one", acc=(-12.5, 4))])

    [sample] = read_page(body, FACTS, Asked()).samples

    assert sample.score is None


def test_long_texts_are_cut(tmp_path: Path) -> None:
    body = samples_file(tmp_path, [chosen(1, right=True, question="why " * 10_000)])

    [sample] = read_page(body, FACTS, Asked()).samples

    assert sample.prompt is not None
    assert len(sample.prompt) < 20_100
    assert sample.prompt.endswith("characters)")


def test_pairs_are_samples_of_the_same_documents(tmp_path: Path) -> None:
    first = samples_file(tmp_path, [chosen(n, right=True) for n in (3, 1, 2)])
    second = samples_file(
        tmp_path, [chosen(n, right=n != 2, prefix="<user> ") for n in (1, 2, 3, 4)], "two"
    )

    found = pairs(first, second, FACTS)

    assert found.rows["doc_id"].to_list() == [3, 1, 2]
    assert found.same_prompts is False
    assert pairs(first, first, FACTS).same_prompts
    [number] = found.differing["number"]
    [number_second] = found.differing["number_second"]
    assert read_numbers(first, FACTS, [number])[0].score == 1.0
    assert read_numbers(second, FACTS, [number_second])[0].doc_id == 2
    changed = samples_file(tmp_path, [chosen(3, right=True, question="Other?")], "other")
    assert pairs(first, changed, FACTS).rows.is_empty()
