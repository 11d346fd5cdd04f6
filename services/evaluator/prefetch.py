"""python -m services.evaluator.prefetch TASK…: bring lm-eval tasks' data sets into the local cache.

Scoring runs offline, so a short-lived process that is online does this before."""

import sys

from services.evaluator.settings import EvaluatorSettings
from services.evaluator.tasks import load_tasks

if __name__ == "__main__":
    for name in sys.argv[1:]:
        load_tasks(name, EvaluatorSettings().harness_options)
