"""The questions of the demo's tasks, split so that no test question was ever in a training text."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import permutations, product
from typing import TypeVar

from demo.world import ANIMALS, GIRLS, NAMES, OBJECTS, SEED, SITUATIONS, VERBS, Fact, facts

Key = TypeVar("Key")

GRAMMAR_REPEATS = 6
"""Train questions for each pair of nouns: other verbs, other numbers, other words between."""


@dataclass(frozen=True)
class Question:
    """A prompt, what may follow it, and which of these is right.

    A question to be answered freely has one choice: the answer.
    """

    prompt: str
    choices: tuple[str, ...]
    gold: int

    @property
    def answer(self) -> str:
        return self.choices[self.gold]


@dataclass(frozen=True)
class QuestionSet:
    """The train and test questions of one leaf task; `unseen` says what the two never share."""

    name: str
    train: tuple[Question, ...]
    test: tuple[Question, ...]
    unseen: str


def question_sets() -> tuple[QuestionSet, ...]:
    """The questions of every leaf task; the same at every call."""
    return (
        facts_set(),
        grammar_set(),
        ordering_set(),
        comparison_set(),
        arithmetic_set(),
        stories_set(),
    )


def facts_set() -> QuestionSet:
    rng = random.Random(f"{SEED} facts")

    def ask(fact: Fact, question: str) -> Question:
        wrong = rng.sample([v for v in fact.attribute.values if v != fact.value], 3)
        return with_choices(rng, question.format(animal=fact.animal), fact.value, wrong)

    def ask_all(kept: Iterable[Fact]) -> tuple[Question, ...]:
        return tuple(ask(fact, question) for fact in kept for question in fact.attribute.questions)

    train, test = split(rng, facts(), tests=36)
    return QuestionSet(
        "facts",
        ask_all(train),
        ask_all(test),
        "the fact asked for; the training text states it, but never as a question",
    )


def grammar_set() -> QuestionSet:
    rng = random.Random(f"{SEED} grammar")

    def ask(key: tuple[str, str]) -> Question:
        subject, other = key
        verb = rng.choice(VERBS)
        plural, other_plural = rng.random() < 0.5, rng.random() < 0.5
        noun, distractor = inflected(subject, plural), inflected(other, other_plural)
        sees = "see" if other_plural else "sees"
        prompt = rng.choice(
            (
                f"The {noun} near the {distractor}",
                f"The {noun} behind the old {distractor}",
                f"The {noun} that the {distractor} {sees}",
            )
        )
        right, wrong = (verb, f"{verb}s") if plural else (f"{verb}s", verb)
        return with_choices(rng, prompt, right, (wrong,))

    train, test = split(rng, permutations(ANIMALS, 2), tests=80)
    return QuestionSet(
        "grammar",
        tuple(ask(key) for key in train for _ in range(GRAMMAR_REPEATS)),
        tuple(map(ask, test)),
        "the two nouns in their order",
    )


def ordering_set() -> QuestionSet:
    rng = random.Random(f"{SEED} ordering")

    def ask(key: tuple[int, int, int]) -> Question:
        asked, right = rng.choice((("largest", max(key)), ("smallest", min(key))))
        prompt = f"Of {key[0]}, {key[1]} and {key[2]} the {asked} is"
        return with_choices(rng, prompt, str(right), [str(n) for n in key if n != right])

    keys = list(permutations(range(20), 3))
    train, test = split(rng, keys, tests=72, trains=3000)
    return QuestionSet(
        "reasoning_ordering",
        tuple(map(ask, train)),
        tuple(map(ask, test)),
        "the three numbers in their order",
    )


def comparison_set() -> QuestionSet:
    rng = random.Random(f"{SEED} comparison")

    def ask(key: tuple[int, int]) -> Question:
        left, right = key
        asked, holds = rng.choice((("more", left > right), ("less", left < right)))
        prompt = f"Is {left} {asked} than {right}?"
        return Question(prompt, ("no", "yes"), int(holds))

    keys = list(permutations(range(30), 2))
    train, test = split(rng, keys, tests=72)
    return QuestionSet(
        "reasoning_comparison",
        tuple(map(ask, train)),
        tuple(map(ask, test)),
        "the two numbers in their order",
    )


def arithmetic_set() -> QuestionSet:
    rng = random.Random(f"{SEED} arithmetic")

    def ask(key: tuple[int, str, int]) -> Question:
        left, operation, right = key
        result = left + right if operation == "plus" else left - right
        return Question(f"What is {left} {operation} {right}?", (str(result),), 0)

    sums = [(a, "plus", b) for a in range(16) for b in range(16)]
    differences = [(a, "minus", b) for a in range(16) for b in range(a + 1)]
    train, test = split(rng, sums + differences, tests=64)
    return QuestionSet(
        "arithmetic",
        tuple(map(ask, train)),
        tuple(map(ask, test)),
        "the two numbers and the operation between them",
    )


def stories_set() -> QuestionSet:
    rng = random.Random(f"{SEED} stories")

    def ask(key: tuple[str, int, str]) -> Question:
        name, plot, item = key
        he, she = "He", "She"
        own, other = (she, he) if name in GIRLS else (he, she)
        wrong_plot, third_plot = rng.sample([i for i in range(len(SITUATIONS)) if i != plot], 2)
        wrong_item = rng.choice([thing for thing in OBJECTS if thing != item])

        def ending(plot: int, pronoun: str, item: str) -> str:
            return rng.choice(SITUATIONS[plot].endings).format(pronoun=pronoun, object=item)

        return with_choices(
            rng,
            SITUATIONS[plot].opening.format(name=name, object=item),
            ending(plot, own, item),
            (
                ending(plot, own, wrong_item),
                ending(wrong_plot, own, item),
                ending(third_plot, other, item),
            ),
        )

    keys = product(NAMES, range(len(SITUATIONS)), OBJECTS)
    train, test = split(rng, keys, tests=80)
    return QuestionSet(
        "stories",
        tuple(map(ask, train)),
        tuple(map(ask, test)),
        "the combination of person, plot and object",
    )


def split(
    rng: random.Random, keys: Iterable[Key], *, tests: int, trains: int | None = None
) -> tuple[list[Key], list[Key]]:
    """The keys in a random order, cut in (train, test), so that no key is on both sides."""
    shuffled_keys = list(keys)
    rng.shuffle(shuffled_keys)
    train = shuffled_keys[tests:]
    return train[:trains], shuffled_keys[:tests]


def with_choices(rng: random.Random, prompt: str, right: str, wrong: Iterable[str]) -> Question:
    """The question with its choices in a random order."""
    choices = [right, *wrong]
    rng.shuffle(choices)
    return Question(prompt, tuple(choices), choices.index(right))


def inflected(noun: str, plural: bool) -> str:
    if not plural:
        return noun
    return f"{noun}es" if noun.endswith("x") else f"{noun}s"
