import re
import subprocess
import sys

import pytest

from demo.questions import QuestionSet, inflected, question_sets
from demo.text import SHARES, STATEMENTS, documents
from demo.world import ANIMALS, ATTRIBUTES, facts

SETS = question_sets()
DIGEST = (
    "import hashlib; from demo.questions import question_sets; from demo.text import documents;"
    " sets = question_sets(); made = repr((sets, documents(sets, 200)));"
    " print(hashlib.sha256(made.encode()).hexdigest())"
)


def by_name(name: str) -> QuestionSet:
    return next(questions for questions in SETS if questions.name == name)


@pytest.fixture(params=SETS, ids=lambda questions: questions.name)
def questions(request: pytest.FixtureRequest) -> QuestionSet:
    found: QuestionSet = request.param
    return found


def test_every_process_generates_the_same_questions_and_text() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1


def test_choices_differ_and_gold_points_at_one_of_them(questions: QuestionSet) -> None:
    for question in questions.train + questions.test:
        assert len(set(question.choices)) == len(question.choices)
        assert 0 <= question.gold < len(question.choices)


def test_a_task_has_one_number_of_choices(questions: QuestionSet) -> None:
    assert len({len(question.choices) for question in questions.train + questions.test}) == 1


def test_the_training_text_holds_no_test_question() -> None:
    tested = {question.prompt for questions in SETS for question in questions.test}
    asked = {asked for document in documents(SETS, 5000) for asked, _ in document.turns}

    assert tested.isdisjoint(asked)


def test_the_training_text_states_every_fact_that_is_tested() -> None:
    said = {
        said
        for document in documents(SETS, 5000)
        if document.subject == STATEMENTS
        for _, said in document.turns
    }
    tested = {question.prompt for question in by_name("facts").test}
    for fact in facts():
        if fact.attribute.questions[0].format(animal=fact.animal) in tested:
            forms = [
                form.format(animal=fact.animal, value=fact.value)
                for form in fact.attribute.statements
            ]
            assert said.intersection(forms)


def test_both_ways_of_asking_for_a_fact_are_on_one_side() -> None:
    trained = {question.prompt for question in by_name("facts").train}
    for animal in ANIMALS:
        for attribute in ATTRIBUTES:
            first, second = (form.format(animal=animal) for form in attribute.questions)
            assert (first in trained) == (second in trained)


def test_grammar_tests_pairs_of_nouns_that_were_never_trained() -> None:
    singular = {inflected(animal, plural): animal for animal in ANIMALS for plural in (False, True)}

    def nouns(prompt: str) -> tuple[str, ...]:
        return tuple(singular[word] for word in prompt.split() if word in singular)

    trained = {nouns(question.prompt) for question in by_name("grammar").train}
    tested = {nouns(question.prompt) for question in by_name("grammar").test}

    assert {len(pair) for pair in trained | tested} == {2}
    assert trained.isdisjoint(tested)


@pytest.mark.parametrize("name", ["reasoning_ordering", "reasoning_comparison"])
def test_reasoning_tests_numbers_that_were_never_trained_together(name: str) -> None:
    def numbers(prompt: str) -> tuple[str, ...]:
        return tuple(re.findall(r"\d+", prompt))

    trained = {numbers(question.prompt) for question in by_name(name).train}

    assert trained.isdisjoint(numbers(question.prompt) for question in by_name(name).test)


def test_arithmetic_answers_are_right() -> None:
    for question in by_name("arithmetic").test:
        left, operation, right = question.prompt.removesuffix("?").split()[2:]
        sign = 1 if operation == "plus" else -1
        assert int(left) + sign * int(right) == int(question.answer)


def test_each_value_belongs_to_equally_many_animals() -> None:
    for attribute in ATTRIBUTES:
        values = [fact.value for fact in facts() if fact.attribute == attribute]
        assert {values.count(value) for value in attribute.values} == {3}


def test_the_text_has_a_share_of_every_task() -> None:
    assert set(SHARES) == {STATEMENTS, *(questions.name for questions in SETS)}
