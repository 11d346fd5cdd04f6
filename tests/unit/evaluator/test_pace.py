import pytest

from services.evaluator.pace import Pace, Rate
from services.evaluator.protocol import Phase, Step


def scoring(done: int, total: int = 1000, task: str = "facts") -> Step:
    return Step(Phase.SCORING, task, done, total)


@pytest.mark.parametrize(
    ("seen", "rate"),
    [
        pytest.param([(0, scoring(0))], Rate(), id="one step tells nothing"),
        pytest.param([(0, scoring(0)), (5, scoring(50))], Rate(10, 95), id="two do"),
        pytest.param(
            [(0, scoring(600)), (5, scoring(650))], Rate(10, 35), id="what was resumed is no pace"
        ),
        pytest.param(
            [(0, scoring(0)), (30, scoring(30)), (60, scoring(60)), (90, scoring(360))],
            Rate(5.5, 640 / 5.5),
            id="the last minute counts",
        ),
        pytest.param(
            [(0, scoring(0)), (500, scoring(100))], Rate(0.2, 4500), id="a single long step"
        ),
        pytest.param(
            [(0, scoring(0)), (30, scoring(90)), (90, scoring(90)), (150, scoring(90))],
            Rate(0, None),
            id="it stands still",
        ),
        pytest.param([(0, scoring(0)), (5, scoring(1000))], Rate(200, 0), id="it is done"),
        pytest.param(
            [(0, scoring(0)), (5, scoring(50)), (6, scoring(0, task="grammar"))],
            Rate(),
            id="the next task begins anew",
        ),
        pytest.param(
            [(0, scoring(0)), (5, scoring(900)), (6, scoring(10))],
            Rate(),
            id="so do the task's requests of another kind",
        ),
        pytest.param(
            [(0, Step(Phase.SCORING, "facts")), (60, scoring(0)), (65, scoring(10))],
            Rate(2, 495),
            id="prompts are built before",
        ),
        pytest.param(
            [(0, Step(Phase.LOADING)), (60, Step(Phase.LOADING))], Rate(), id="no whole, no rate"
        ),
    ],
)
def test_the_rate_after_some_steps(seen: list[tuple[float, Step]], rate: Rate) -> None:
    pace = Pace()

    *_, last = [pace.after(step, at) for at, step in seen]

    assert (last.per_second, last.seconds_left) == pytest.approx(
        (rate.per_second, rate.seconds_left)
    )
