"""Which environment variables the processes that run models see."""

import os
from collections.abc import Mapping

_ALLOWED = {
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV"),
    *("LD_LIBRARY_PATH", "LD_PRELOAD"),
    # where models, data sets and what is compiled of them are cached
    *("HF_HOME", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_MODULES_CACHE", "HF_ASSETS_CACHE"),
    *("HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "NLTK_DATA"),
    # what the fork server imports ahead
    *("EVALUATOR_TASK_FOLDERS", "EVALUATOR_HARNESS_TASKS"),
}
_ALLOWED_BEGINNINGS = (
    *("LC_", "PYTHON", "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_"),
    *("TORCH_", "TORCHINDUCTOR_", "PYTORCH_", "TRITON_"),
    *("CUDA_", "CUBLAS_", "CUDNN_", "NVIDIA_", "NCCL_", "HIP_", "HSA_", "ROCM_", "ROCR_"),
)
_SET = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # Who has logged in on this host left a token beside the cache.
    "HF_TOKEN_PATH": os.devnull,
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",  # the log's last lines are shown to submitters
    # Without it a look for a GPU initialises CUDA in the fork server, and no child could use it.
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
}


def for_models(environment: Mapping[str, str]) -> dict[str, str]:
    """What of it a model's process may see, which is what is known to hold no secret, with what
    the libraries must find there when they are imported. Applied twice, it changes nothing."""
    allowed = {
        name: value
        for name, value in environment.items()
        if name in _ALLOWED or name.startswith(_ALLOWED_BEGINNINGS)
    }
    return allowed | _SET
