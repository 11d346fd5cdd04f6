"""What is told of a submission while a validator is at it."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from contracts.models import ModelRef, WeightType
from contracts.submission import SubmissionAccepted
from contracts.validation import ValidationProgress
from contracts.views import Policy
from services.validator.facts import Facts, Tell
from services.validator.hub import Hub
from services.validator.rules import Judgement, judged_so_far
from services.validator.rules.rule import Case
from tests.bus import next_event
from tests.integration.validator.broken_models import TEMPLATE
from tests.integration.validator.judging import BOARD, hub_at, submission
from tests.integration.validator.on_the_bus import submit, validating
from tests.integration.validator.tiny_model import adapter, card, sharded, zeros
from tests.waiting import until

PublishModel = Callable[..., ModelRef]

FILES = "the list of files"
CARD = "the model card"
SMALL = "the files of the configuration and the tokenizer"
WEIGHTS = "the header of the weights"
CONFIG = "the configuration"
TOKENIZER = "the tokenizer"
LINEAGE = "the cards of the models that it descends from"
OF_A_MODEL = (FILES, CARD, SMALL, WEIGHTS, CONFIG)


async def told(hub_url: str, model: ModelRef) -> dict[str, Judgement]:
    """How the rules had come out when something was about to be read."""
    found: dict[str, Judgement] = {}

    def tell(facts: Facts, reading: str) -> None:
        found[reading] = judged_so_far(Case(facts, submission(model), BOARD, Policy()))

    await hub_at(hub_url).facts(model, tell)
    return found


async def test_every_step_settles_more_rules(hub_url: str, publish_model: PublishModel) -> None:
    steps = await told(hub_url, publish_model("in-steps"))

    assert tuple(steps) == (*OF_A_MODEL, TOKENIZER, LINEAGE)
    waiting = [set(step.waiting) for step in steps.values()]
    assert all(after < before for before, after in pairwise(waiting))
    assert {"precision-not-accepted", "model-barred"}.isdisjoint(waiting[0])
    assert "model-not-found" in waiting[0]
    assert waiting[-1] == set()


async def test_a_license_is_settled_before_the_weights_are_looked_at(
    hub_url: str, publish_model: PublishModel
) -> None:
    steps = await told(hub_url, publish_model("licensed-early"))

    assert "license-missing" in steps[CARD].waiting
    for reading in (SMALL, WEIGHTS):
        assert steps[reading].rules.kept["license-missing"] == "mit"
        assert {"safetensors-missing", "params-over-limit"} <= set(steps[reading].waiting)
    assert steps[CONFIG].rules.kept["safetensors-missing"] == "model.safetensors"


async def test_what_is_bound_to_fail_is_told_before_the_rest_is_read(
    hub_url: str, publish_model: PublishModel
) -> None:
    model = publish_model("bound-to-fail", files={"README.md": card(license=None)})

    steps = await told(hub_url, model)

    [reason] = steps[SMALL].reasons
    assert (reason.code, reason.message) == ("license-missing", "The model card names no license.")


async def test_a_base_model_is_read_after_what_changes_it(
    hub_url: str, publish_model: PublishModel
) -> None:
    base = publish_model("read-last").repo_id
    submitted = {"weight_type": WeightType.ADAPTER, "base_model": base}
    model = publish_model("read-first", submitted=submitted, **adapter())

    steps = await told(hub_url, model)

    of_the_base = tuple(f"{step} of {base}" for step in OF_A_MODEL)
    assert tuple(steps) == (FILES, CARD, SMALL, WEIGHTS, *of_the_base, TOKENIZER, LINEAGE)
    assert steps[WEIGHTS].rules.kept["adapter-not-mergeable"] == "LORA"
    assert "base-model-unusable" in steps[of_the_base[-1]].waiting
    assert "base-model-unusable" in steps[TOKENIZER].rules.kept


async def test_a_chat_template_is_not_settled_before_it_was_rendered(
    hub_url: str, publish_model: PublishModel
) -> None:
    model = publish_model(
        "rendered",
        submitted={"chat_template": True},
        tokenizer_config={"chat_template": TEMPLATE},
    )

    steps = await told(hub_url, model)

    assert "chat-template-missing" in steps["the chat template"].rules.kept
    assert "chat-template-fails" in steps["the chat template"].waiting


async def test_the_files_of_weights_are_counted(hub_url: str, publish_model: PublishModel) -> None:
    places = {"a": "model-1.safetensors", "b": "model-2.safetensors"}
    shards = {file: zeros(**{name: (2,)}) for name, file in places.items()}

    steps = await told(hub_url, publish_model("two-shards", **sharded(places, **shards)))

    assert "the headers of 2 files of weights" in steps


@pytest.fixture
def heard() -> list[ValidationProgress]:
    return []


async def test_what_takes_long_is_told_again_and_again(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    hub_url: str,
    publish_model: PublishModel,
    heard: list[ValidationProgress],
) -> None:
    received = submission(publish_model("takes-long"))
    read_on = asyncio.Event()

    async def facts(model: ModelRef, tell: Tell) -> Facts:
        tell(Facts.begun(base=None), "a slow Hub")
        await read_on.wait()
        return await Hub(hub_url, 10).facts(model, tell)

    async def hear(message: Msg) -> None:
        heard.append(ValidationProgress.model_validate_json(message.data))

    await client.subscribe(ValidationProgress.subject_filter(sid=received.sid, run=1), cb=hear)
    async with validating(nats_url, facts):
        await submit(jetstream, received)
        await until(lambda: len(heard) >= 2)
        read_on.set()
        await next_event(client, SubmissionAccepted)

    first, again, *_ = heard
    assert first == again
    assert first.reading == "a slow Hub"
    assert "model-barred" in first.rules.kept
