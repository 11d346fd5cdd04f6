"""python -m services.evaluator.prefetch TASK…: bring lm-eval tasks' data sets into the local cache.

Scoring runs offline, so a short-lived process that is online does this before."""

import sys

from services.evaluator.harness import load_data_sets
from services.evaluator.settings import EvaluatorSettings

if __name__ == "__main__":
    load_data_sets(tuple(sys.argv[1:]), EvaluatorSettings().harness_options)
