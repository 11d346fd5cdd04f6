"""What people and guessers score, on the scale of the average."""

from contracts.board import BoardTask
from services.gateway.insights.scope import Scope


def human_average(scope: Scope) -> float | None:
    """None unless the board says what people score at every task that counts."""
    scores = {task: _human(task) for task in scope.weights}
    total = 0.0
    for task, weight in scope.weights.items():
        score = scores[task]
        if score is None:
            return None
        total += weight * score
    return total / sum(scope.weights.values())


def random_average(scope: Scope) -> float | None:
    """0 by the definition of normalised scores. None on a board that does not say what guessing
    scores, such as one that ranks by plain accuracies."""
    return 0.0 if scope.is_normalized else None


def _human(task: BoardTask) -> float | None:
    """Normalised. Where the subtasks have floors of their own and these differ, the score of people
    at each would have to be known."""
    floors = {one.floor for one in task.subtasks} if task.normalizes_subtasks else {task.floor}
    if task.human is None or len(floors) != 1:
        return None
    floor = floors.pop()
    return max(0.0, 100 * (task.human - floor) / (1 - floor))
