import random

import numpy as np
import pytest

from services.evaluator.scoring.compiling import DoesNotFitError, NoTokensError, compile_ids
from services.evaluator.scoring.tree import Paths, plant


def sequences(seed: int) -> list[np.ndarray]:
    """Short ones over a small alphabet: many share a prefix, some are equal or within another."""
    numbers = random.Random(seed)
    return [
        np.array(numbers.choices(range(3), k=numbers.randint(1, 9)), np.int32) for _ in range(40)
    ]


def prefixes(all_sequences: list[np.ndarray]) -> set[tuple[int, ...]]:
    return {
        tuple(sequence[:length].tolist())
        for sequence in all_sequences
        for length in range(1, len(sequence) + 1)
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_stream_has_each_distinct_prefix_once(seed: int) -> None:
    planted = sequences(seed)

    tree, paths = plant(planted)

    assert len(tree) == len(prefixes(planted))
    for sequence, path in zip(planted, paths, strict=True):
        assert tree.tokens[path].tolist() == sequence.tolist()
        assert tree.positions[path].tolist() == list(range(len(sequence)))


@pytest.mark.parametrize("seed", range(5))
def test_a_token_lies_within_the_subtree_of_its_ancestors_and_of_nothing_else(seed: int) -> None:
    tree, paths = plant(sequences(seed))

    for path in paths:
        leaf = path[-1]
        before = np.arange(leaf + 1)
        assert before[tree.ends[: leaf + 1] > leaf].tolist() == path.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_the_way_to_a_token_is_found_again(seed: int) -> None:
    tree, paths = plant(sequences(seed))
    ways = Paths(tree)

    for path in paths:
        for depth in range(len(path)):
            assert ways.to(path[depth]).tolist() == path[: depth + 1].tolist()


def ids(*tokens: int) -> np.ndarray:
    return np.array(tokens, np.int32)


def test_the_last_token_is_predicted_and_not_forwarded() -> None:
    compiled = compile_ids([(ids(5, 6), ids(7, 8)), (ids(5, 6), ids(9))], max_length=10)

    assert compiled.tree.tokens.tolist() == [5, 6, 7]
    assert compiled.target_nodes.tolist() == [1, 2, 1]
    assert compiled.target_tokens.tolist() == [7, 8, 9]
    assert compiled.leaves.tolist() == [2, 1]


def test_what_is_too_long_is_cut_from_the_left() -> None:
    compiled = compile_ids([(ids(1, 2, 3, 4), ids(5, 6))], max_length=3)

    assert compiled.path_to(compiled.leaves[0]).tolist() == [3, 4, 5]


def test_stock_forwards_each_distinct_input_once_whatever_its_last_token() -> None:
    letters = [(ids(1, 2, 3), ids(letter)) for letter in (7, 8, 9)]
    phrases = [(ids(1, 2, 3), ids(7, letter)) for letter in (7, 8, 9)]

    assert compile_ids(letters, max_length=10).stock_tokens == 3
    assert compile_ids([*letters, *phrases], max_length=10).stock_tokens == 3 + 4


@pytest.mark.parametrize(
    ("context", "continuation", "refusal"),
    [
        ((), (1,), NoTokensError),
        ((1,), (), NoTokensError),
        ((1,), (2, 3, 4, 5), DoesNotFitError),
    ],
)
def test_what_cannot_be_asked_is_refused(
    context: tuple[int, ...], continuation: tuple[int, ...], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        compile_ids([(ids(*context), ids(*continuation))], max_length=3)


def test_equal_questions_have_equal_digests_and_others_have_not() -> None:
    one, same, other = (
        compile_ids([(ids(1, 2), ids(3)), (ids(1, 2), ids(last))], max_length=9).digest
        for last in (4, 4, 5)
    )

    assert one == same != other
