import random
from collections.abc import Callable, Generator

import pytest
from lm_eval.api.instance import Instance

from services.evaluator.scoring.slices import Stopping
from services.evaluator.writing import run
from services.evaluator.writing.continuous import ContinuousWriter
from services.evaluator.writing.stock import StockWriter
from services.evaluator.writing.writer import Batch, Rows, Writer
from tests.integration.evaluator.writing.models import (
    WritingModel,
    byte_tokenizer,
    random_llama,
    request,
)

WRITERS = pytest.mark.parametrize(
    "writer", [StockWriter, lambda model: ContinuousWriter(model, model.usage)]
)


@pytest.fixture(scope="module")
def requests() -> list[Instance]:
    words = random.Random(0)
    return [
        request(
            "".join(words.choices("abcdefghij klmno", k=words.randint(1, 40))),
            until=[words.choice("xyz")],
            max_gen_toks=12,
        )
        for _ in range(25)
    ]


@pytest.fixture(scope="module")
def expected(requests: list[Instance]) -> list[str]:
    return new_model().texts(requests)


@pytest.fixture(autouse=True)
def slices_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_SLICE_EVERY_S", 0.0)
    monkeypatch.setattr(run, "_ANNOUNCE_EVERY_S", 0.0)


def new_model() -> WritingModel:
    return WritingModel(random_llama(), byte_tokenizer())


@WRITERS
@pytest.mark.parametrize("slice_every_s", [0.0, 1e9])
def test_a_run_that_was_left_is_gone_on_with(
    writer: Callable[[WritingModel], Writer],
    slice_every_s: float,
    requests: list[Instance],
    expected: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left, resumed = new_model(), new_model()
    with monkeypatch.context() as patch:
        patch.setattr(run, "_SLICE_EVERY_S", slice_every_s)
        with pytest.raises(Stopping):
            left.texts(requests, writer, stopping=lambda: len(left.announced) > 3)

    texts = resumed.texts(requests, writer, finished=left.slices)

    assert texts == expected
    written = left.slices[-1].stop
    assert 3 <= written < len(requests)
    assert resumed.announced[0] == (written, len(requests))
    assert resumed.usage.tokens.forwarded < resumed.usage.tokens.stock
    starts = [finished.start for finished in [*left.slices, *resumed.slices]]
    stops = [finished.stop for finished in [*left.slices, *resumed.slices]]
    assert starts == [0, *stops[:-1]]
    assert stops[-1] == len(requests)


@WRITERS
def test_a_run_that_was_finished_is_not_repeated(
    writer: Callable[[WritingModel], Writer], requests: list[Instance], expected: list[str]
) -> None:
    finished, repeated = new_model(), new_model()
    finished.texts(requests, writer)

    assert repeated.texts(requests, writer, finished=finished.slices) == expected
    assert repeated.usage.tokens.forwarded == 0
    assert repeated.usage.tokens.generated == finished.usage.tokens.generated
    assert repeated.usage.tokens.stock == finished.usage.tokens.stock


def test_what_was_written_to_other_questions_is_of_no_use(
    requests: list[Instance], expected: list[str]
) -> None:
    other, model = new_model(), new_model()
    other.texts([request("another", until=[], max_gen_toks=3), *requests[1:]])

    assert model.texts(requests, finished=other.slices) == expected
    assert model.announced[0] == (0, len(requests))


def test_progress_is_told(requests: list[Instance]) -> None:
    model = new_model()
    model.texts(requests)
    done = [done for done, total in model.announced if total == len(requests)]
    assert done == sorted(done)
    assert done[0] == 0
    assert done[-1] == len(requests)
    assert len(done) > 3


class FailingWriter:
    name = "continuous"

    def __init__(self, model: WritingModel, batches: int) -> None:
        self._stock = StockWriter(model)
        self._batches = batches

    def write(self, batch: Batch, stopping: Callable[[], bool]) -> Generator[Rows]:
        for rows in self._stock.write(batch, stopping):
            if not self._batches:
                raise RuntimeError("out of pages")
            self._batches -= 1
            yield rows


def test_lm_evals_own_backend_takes_over_from_a_writer_that_fails(
    requests: list[Instance], expected: list[str]
) -> None:
    model = new_model()

    assert model.texts(requests, lambda model: FailingWriter(model, 2)) == expected

    written = [finished.stop for finished in model.slices][1]
    assert model.usage.engine.name == "continuous"
    assert model.usage.engine.reason == (
        f"continuous failed after {written} of 25 answers: RuntimeError: out of pages"
    )


def test_a_writer_that_wrote_nothing_is_not_named(
    requests: list[Instance], expected: list[str]
) -> None:
    model = new_model()

    assert model.texts(requests, lambda model: FailingWriter(model, 0)) == expected

    assert model.usage.engine.name == "hf"
