"""What a form asks a validator before anything is submitted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from nats.aio.client import Client
from nats.errors import NoRespondersError

from contracts.check import RuleReport, RulesAsked
from contracts.models import ModelRef, ModelType, Precision, WeightType
from contracts.views import Policy, Ruling
from services.validator.check.on_the_bus import answer_questions
from tests.integration.validator.judging import BOARD, NO_POLICY, hub_at
from tests.unit.gateway.examples import NOON
from tests.waiting import until_answered

BARRED = Policy(barred=(Ruling(name="ada/barred", reason="Copied.", at=NOON),))


async def decided(policy: Policy = NO_POLICY) -> Policy:
    return policy


@asynccontextmanager
async def answering(
    client: Client, hub_url: str, policy: Callable[[], Awaitable[Policy]]
) -> AsyncIterator[None]:
    task = asyncio.create_task(
        answer_questions(client, hub=hub_at(hub_url), boards={BOARD.name: BOARD}, policy=policy)
    )
    await until_answered(lambda: listens(client))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def question(model: str, board: str = BOARD.name) -> RulesAsked:
    return RulesAsked(
        board=board,
        model=model,
        revision="main",
        precision=Precision.FLOAT32,
        model_type=ModelType.PRETRAINED,
        weight_type=WeightType.ORIGINAL,
        base_model=None,
        chat_template=False,
    )


async def ask(client: Client, asked: RulesAsked) -> RuleReport:
    answer = await client.request(asked.subject(), asked.model_dump_json().encode(), timeout=60)
    return RuleReport.model_validate_json(answer.data)


async def listens(client: Client) -> bool:
    with suppress(NoRespondersError):
        return bool(await ask(client, question("ada/any", board="elsewhere")))
    return False


async def test_the_rules_of_a_submission_are_told_before_it_is_one(
    client: Client, hub_url: str, publish_model: Callable[..., ModelRef]
) -> None:
    publish_model("fine")
    publish_model("barred", files={"README.md": None})

    async with answering(client, hub_url, lambda: decided(BARRED)):
        fine = await ask(client, question("ada/fine"))
        broken = await ask(client, question("ada/barred"))
        nowhere = await ask(client, question("ada/fine", board="elsewhere"))

    assert fine.reasons == ()
    assert fine.found.parameters
    assert {one.code for one in broken.reasons} >= {"model-barred", "card-missing"}
    assert [one.code for one in nowhere.reasons] == ["board-unknown"]


async def test_one_question_too_many_is_told_so_at_once(
    client: Client, hub_url: str, publish_model: Callable[..., ModelRef]
) -> None:
    publish_model("patient")
    asked = question("ada/patient")
    may_go_on, begun = asyncio.Event(), []

    async def slowly() -> Policy:
        begun.append(asked)
        await may_go_on.wait()
        return NO_POLICY

    async def both_have_begun() -> bool:
        return len(begun) == 2

    async with answering(client, hub_url, slowly):
        first = [asyncio.create_task(ask(client, asked)) for _ in range(2)]
        await until_answered(both_have_begun, 20)
        third = await ask(client, asked)
        may_go_on.set()
        told = await asyncio.gather(*first)

    assert third.busy
    assert [(one.busy, one.reasons) for one in told] == [(False, ()), (False, ())]
