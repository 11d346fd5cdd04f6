from nats.js import JetStreamContext

from contracts.envelope import Envelope
from contracts.evaluation import EvaluationStarted
from contracts.topology import EVENTS
from contracts.views import RequestState
from runtime.bus import publish_event
from tests.integration.gateway.gateways import RunningGateway, show
from tests.unit.gateway.examples import a_request


async def test_an_event_that_this_version_cannot_read_hides_no_run(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    request = a_request(state=RequestState.RUNNING, attempt=1)
    started = EvaluationStarted(
        sid=request.sid, run=1, attempt=1, evaluator="gpu-1", device="cpu", tasks=("facts",)
    )
    unheard_of = f"podium.v1.evaluation.paused.{request.sid}.1"
    await show(jetstream, request)
    await publish_event(jetstream, started, Envelope.of(started, "test"))
    await jetstream.publish(unheard_of, b"{}", stream=EVENTS.name)

    await gateway.until(
        f"/api/v1/requests/{request.sid}/runs",
        lambda answer: (
            answer.is_success and [run["evaluator"] for run in answer.json()["items"]] == ["gpu-1"]
        ),
    )
