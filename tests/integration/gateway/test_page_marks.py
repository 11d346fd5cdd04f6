"""What the pages say of submissions that wait for the Hub, and of copies."""

import httpx
from nats.js import JetStreamContext

from contracts.models import Reason
from contracts.views import Delay, Origin, RequestState
from tests.integration.gateway.gateways import RunningGateway, show
from tests.unit.gateway.examples import NOON, a_request, an_entry

AWAY = Reason(code="hub-unavailable", message="The Hub answers 503.", advice="Wait for it.")
ORIGINALS = ("acme/first", "bob/second")


async def test_a_delay_is_told_with_its_begin_and_what_to_do(
    gateway: RunningGateway, http: httpx.AsyncClient, jetstream: JetStreamContext
) -> None:
    request = a_request(state=RequestState.RECEIVED).model_copy(
        update={"delay": Delay(reason=AWAY, since=NOON, at=NOON)}
    )
    await show(jetstream, request)
    await gateway.until(f"/requests/{request.sid}", lambda answer: "not checked" in answer.text)

    page = (await http.get(f"/requests/{request.sid}")).text
    told = (await http.get(f"/api/v1/requests/{request.sid}")).json()

    for words in ("The Hub answers 503.", "Wait for it.", "hub-unavailable", "1 Jan 2026, 12:00"):
        assert words in page
    assert told["delay"]["reason"]["code"] == "hub-unavailable"
    assert "The Hub answers 503." in (await http.get("/queue")).text


async def test_a_copy_is_marked_on_its_page_and_its_row_with_links_to_the_originals(
    gateway: RunningGateway, http: httpx.AsyncClient, jetstream: JetStreamContext
) -> None:
    marked = {"same_weights_as": ORIGINALS}
    request = a_request(state=RequestState.FINISHED).model_copy(update=marked)
    entry = an_entry(facts=40, grammar=40).model_copy(update=marked)
    await show(jetstream, request, entry)
    await gateway.until("/boards/demo", lambda answer: "same weights as" in answer.text)

    pages = [(await http.get(path)).text for path in ("/boards/demo", f"/requests/{request.sid}")]

    for page in pages:
        for name in ORIGINALS:
            assert f'<a href="/models/{name}">{name}</a>' in page
    told = (await http.get(f"/api/v1/requests/{request.sid}")).json()
    assert told["same_weights_as"] == list(ORIGINALS)


async def test_an_imported_row_says_where_from_and_leads_to_no_request(
    gateway: RunningGateway, http: httpx.AsyncClient, jetstream: JetStreamContext
) -> None:
    entry = an_entry(facts=40, grammar=40).model_copy(
        update={"origin": Origin.IMPORTED, "source": "acme/contents", "run": 0}
    )
    await show(jetstream, entry)
    await gateway.until("/boards/demo", lambda answer: "imported" in answer.text)

    page = (await http.get("/boards/demo")).text

    assert f"Imported from acme/contents; commit {entry.model.commit}" in page
    assert f"/requests/{entry.sid}" not in page
