"""What is asked of every insight, beside the rows."""

from dataclasses import dataclass
from enum import StrEnum

from contracts.board import Board, BoardTask
from services.gateway.insights.chart import Axis
from services.gateway.query.standing import Weighting


class Dating(StrEnum):
    """Which of a row's times counts."""

    SUBMITTED = "submitted"
    UPLOADED = "uploaded"


@dataclass(frozen=True)
class Scope:
    board: Board
    weighting: Weighting
    dating: Dating = Dating.SUBMITTED

    @property
    def weights(self) -> dict[BoardTask, float]:
        """Of the tasks that the average is made of."""
        given = dict(self.weighting.weights) or {task.id: 1.0 for task in self.board.tasks}
        return {task: given[task.id] for task in self.board.tasks if task.id in given}

    @property
    def is_normalized(self) -> bool:
        """Whether 0 is chance: some task that counts says what guessing scores."""
        return any(task.normalizes_subtasks or task.floor > 0 for task in self.weights)

    @property
    def average_axis(self) -> Axis:
        of = f" of {self.weighting}" if self.weighting.weights else ""
        scale = "0 is chance, 100 is perfect" if self.is_normalized else "0 to 100"
        return Axis(f"Average score{of} ({scale})")
