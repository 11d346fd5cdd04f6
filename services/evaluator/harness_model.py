"""A model as lm-eval's transformers backend holds it."""

import math
import time
from collections.abc import Callable
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from services.evaluator.failures import blame_model

Announce = Callable[[int, int], None]
"""Called with requests answered and requests in all, a few times a minute."""

_ANNOUNCE_EVERY_S = 5.0


class HarnessModel(HFLM):
    """lm-eval's own backend, which also tells how far it is and refuses scores that are no numbers.
    It computes nothing differently."""

    _model: Any

    def __init__(self, *, quantization: Any = None, **options: Any) -> None:
        self.loading_info: dict[str, Any] = {}
        self._quantization = quantization
        super().__init__(**options)
        self.announce: Announce = lambda done, total: None
        self.set_cache_hook(_Answers(self))
        self._done = self._total = 0
        self._announced_at = 0.0

    def _create_model(self, *arguments: Any, **options: Any) -> None:
        # HFLM has no argument for it: it takes the config's, which a whole model has none of.
        options["quantization_config"] = self._quantization or options["quantization_config"]
        if options["peft"] or options["delta"]:
            super()._create_model(*arguments, **options)
            return
        super()._create_model(*arguments, output_loading_info=True, **options)
        self._model, self.loading_info = self._model

    def loglikelihood(self, requests: list[Instance], *rest: Any, **options: Any) -> Any:
        self._begin(len(requests))
        return super().loglikelihood(requests, *rest, **options)

    def loglikelihood_rolling(self, requests: list[Instance], *rest: Any, **options: Any) -> Any:
        self._begin(len(requests))
        return super().loglikelihood_rolling(requests, *rest, **options)

    def generate_until(self, requests: list[Instance], *rest: Any, **options: Any) -> Any:
        self._begin(len(requests))
        return super().generate_until(requests, *rest, **options)

    def _begin(self, total: int) -> None:
        self._done, self._total = 0, total
        self._announced_at = time.monotonic()
        self.announce(0, total)

    def answered(self) -> None:
        self._done += 1
        if time.monotonic() - self._announced_at >= _ANNOUNCE_EVERY_S:
            self._announced_at = time.monotonic()
            self.announce(self._done, self._total)


class _Answers:
    """lm-eval hands every answer to this hook, meant for its cache, as soon as it has it."""

    def __init__(self, model: HarnessModel) -> None:
        self._model = model

    def add_partial(self, attr: str, req: object, res: Any) -> None:
        log_likelihood = res[0] if isinstance(res, tuple) else res
        if isinstance(log_likelihood, float) and not math.isfinite(log_likelihood):
            raise blame_model(
                "scores-not-finite",
                f"The model gave a log-likelihood of {log_likelihood} to an answer.",
                "Check the model at the submitted precision; float16 overflows where bfloat16"
                " does not.",
            )
        self._model.answered()
