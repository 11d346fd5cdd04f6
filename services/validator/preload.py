"""Imported once by the fork server, so that no child has to: transformers takes a second.

Torch is hidden. The validator's image has none, no verdict may depend on whether there is one, and
where it is installed transformers would import it, which takes seconds more."""

import os
import sys
from typing import Any

_modules: dict[str, Any] = sys.modules
_modules["torch"] = None
# Of what cannot be done without torch.
os.environ["TRANSFORMERS_NO_ADVISORY_WARNINGS"] = "1"

import transformers.models.auto.modeling_auto  # noqa: E402, F401
from transformers import AutoConfig, LlamaConfig, PreTrainedTokenizerFast  # noqa: E402, F401

from services.validator import loading  # noqa: E402, F401
