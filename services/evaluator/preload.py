"""Imported once by the fork server, which is then a warm image of every child: imports take 5 s and
lm-eval's index of its own tasks another 10 s, which no job should pay again."""

import os

# The libraries read these when they are imported, so they are set before that.
os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_DATASETS_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    TOKENIZERS_PARALLELISM="false",
    TQDM_DISABLE="1",  # the log's last lines are shown to submitters
    # Without it a look for a GPU initialises CUDA here, and no forked child could use it.
    PYTORCH_NVML_BASED_CUDA_CHECK="1",
)

from services.evaluator import harness  # noqa: F401  the children need its imports
from services.evaluator.settings import EvaluatorSettings
from services.evaluator.tasks import warm_up

warm_up(EvaluatorSettings().harness_options)
