"""A fault is raised, retried, and visible in the end; who catches all faults needs a reason."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("contracts", "runtime", "services", "cli", "localhub", "demo")
CATCHES_ALL = re.compile(r"except (Base)?Exception|except:")

WITH_A_REASON = {
    "runtime/bus.py": "the one place that retries deliveries and buries what was in vain",
    "services/aggregator/faults.py": "EVENTS keeps the cause: a retry brings the same, for ever",
    "services/evaluator/check_board.py": "tells the board's author whatever lm-eval raises",
    "services/evaluator/chat_template.py": "a template is a program of its author's",
    "services/evaluator/devices.py": "raises it again as a fault of the evaluator's device",
    "services/evaluator/harness_model.py": "a model's own code; the next engine is tried instead",
    "services/evaluator/messages.py": "a child's bytes may be made up",
    "services/evaluator/model_files/faults.py": "raises it again in the submitter's words",
    "services/evaluator/scoring/choice.py": "a model's own code; lm-eval is tried instead",
    "services/evaluator/writing/answers.py": "a model's own code; lm-eval writes the rest",
    "services/evaluator/writing/choice.py": "a model's own code; lm-eval is tried instead",
    "services/evaluator/writing/run.py": "a model's own code; lm-eval writes the rest",
    "services/gateway/query/current.py": "one board that fails must not keep a gateway from others",
    "services/validator/child.py": "the parent is told of it, and judges",
}


def test_all_faults_are_caught_only_where_there_is_a_reason() -> None:
    catching = {
        str(path.relative_to(REPOSITORY))
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*.py")
        if CATCHES_ALL.search(path.read_text())
    }

    assert catching == set(WITH_A_REASON)
