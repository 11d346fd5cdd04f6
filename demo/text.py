"""The text that the demo's models are trained on: statements, and answered questions."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from demo.questions import Question, QuestionSet
from demo.world import SEED, facts

STATEMENTS = "statements"

SHARES = {
    STATEMENTS: 2.0,
    "facts": 1.5,
    "grammar": 0.7,
    "reasoning_ordering": 1.0,
    "reasoning_comparison": 2.0,
    "arithmetic": 2.0,
    "stories": 1.0,
}
"""How often each subject comes up, relative to the others: more often when hard to learn."""


@dataclass(frozen=True)
class Document:
    """Some statements, or some answered questions of one task.

    `turns` are (question, answer); a statement is a turn without a question.
    """

    subject: str
    turns: tuple[tuple[str, str], ...]

    def plain(self) -> str:
        """As running text, laid out as the harness lays out its few-shot prompts."""
        return "\n\n".join(f"{asked} {said}" if asked else said for asked, said in self.turns)


def documents(sets: Sequence[QuestionSet], count: int) -> tuple[Document, ...]:
    """The first `count` documents of the training text, from the sets' train questions alone."""
    rng = random.Random(f"{SEED} text")
    by_name = {questions.name: questions.train for questions in sets}
    subjects = rng.choices(list(SHARES), weights=list(SHARES.values()), k=count)
    return tuple(document(rng, subject, by_name.get(subject, ())) for subject in subjects)


def document(rng: random.Random, subject: str, questions: Sequence[Question]) -> Document:
    length = rng.randint(1, 4)
    if subject == STATEMENTS:
        return Document(subject, tuple(("", statement(rng)) for _ in range(length)))
    asked = rng.sample(questions, length)
    return Document(subject, tuple((question.prompt, question.answer) for question in asked))


def statement(rng: random.Random) -> str:
    fact = rng.choice(facts())
    template = rng.choice(fact.attribute.statements)
    return template.format(animal=fact.animal, value=fact.value)
