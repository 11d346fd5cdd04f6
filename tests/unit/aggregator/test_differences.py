"""What two definitions of a board differ in, in sentences."""

import pytest

from contracts.board import Averaging, Board
from services.aggregator.differences import differences
from tests.unit.aggregator.story import BOARD
from tests.unit.aggregator.test_rescoring import HARDER

FACTS, LOGIC = BOARD.tasks
FIVE = LOGIC.subtasks[1]


def with_tasks(*tasks: object, **more: object) -> Board:
    return BOARD.model_copy(update={"tasks": tasks, **more})


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (HARDER, ("Facts: guessing scores 0.5, before 0.25.",)),
        (with_tasks(FACTS), ("Logic was taken away.",)),
        (
            with_tasks(
                FACTS.model_copy(update={"shots": 5, "metrics": ("acc,none", "f1,none")}), LOGIC
            ),
            (
                "Facts: examples in the prompt 5, before as lm-eval has them.",
                "Facts: metrics acc,none, f1,none, before acc,none.",
            ),
        ),
        (
            with_tasks(
                FACTS,
                LOGIC.model_copy(
                    update={"average": Averaging.SIZE_WEIGHTED, "subtasks": LOGIC.subtasks[:1]}
                ),
            ),
            ("Logic: other subtasks.", "Logic: subtasks are size weighted, before unweighted."),
        ),
        (
            with_tasks(
                FACTS,
                LOGIC.model_copy(
                    update={"subtasks": (LOGIC.subtasks[0], FIVE.model_copy(update={"choices": 6}))}
                ),
            ),
            ("Logic: what guessing scores in its subtasks is another.",),
        ),
        (with_tasks(*BOARD.tasks, limit=10), ("Documents of each task: 10, before all.",)),
        (with_tasks(*BOARD.tasks, title="Another"), ("The formulas changed.",)),
    ],
)
def test_each_is_a_sentence(new: Board, told: tuple[str, ...]) -> None:
    assert differences(BOARD, new) == told


def test_what_was_added_is_told_as_well() -> None:
    assert differences(with_tasks(FACTS), BOARD) == ("Logic was added.",)
