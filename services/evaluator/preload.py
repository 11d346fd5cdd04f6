"""Imported once by the fork server, which is then a warm image of every child: imports take 5 s and
lm-eval's index of its own tasks another 10 s, which no job should pay again."""

import os
import sys

from services.evaluator.environment import for_models

# A child can read the environment that its process was started with, whatever was changed since; so
# the fork server starts over with one that holds no secret.
if dict(os.environ) != for_models(os.environ):
    os.execve(sys.executable, sys.orig_argv, for_models(os.environ))

from services.evaluator import harness  # noqa: F401  the children need its imports
from services.evaluator.sandbox import confine
from services.evaluator.settings import EvaluatorSettings
from services.evaluator.tasks import warm_up

warm_up(EvaluatorSettings().harness_options)
confine()
