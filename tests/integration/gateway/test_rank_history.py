"""How ranks went, of an aggregator and a gateway that run."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from nats.js import JetStreamContext

from contracts.moderation import ModelRemoved
from services.gateway.http.errors import ErrorCode
from tests.integration.aggregator.aggregating import aggregating
from tests.integration.gateway.gateways import started_gateway
from tests.integration.gateway.test_past_boards import publish_day_by_day
from tests.unit.aggregator.story import BOARD, MORNING, defined, sid_of
from tests.unit.aggregator.test_rescoring import HARDER, life
from tests.unit.gateway.error_shape import assert_error

BOARDS = "/api/v1/boards/demo"
RANKS = f"{BOARDS}/entries/{sid_of('acme/first')}/ranks"


async def test_ranks_went_as_boards_of_the_past_have_them(
    nats_url: str, jetstream: JetStreamContext, tmp_path: Path
) -> None:
    removed = ModelRemoved(repo_id="acme/second", reason="Its authors asked for it.", by="mod")
    story = (
        defined(HARDER),
        *life("acme/first", 0.8, 0.9),
        *life("acme/second", 0.9, 0.9),
        removed,
        *life("acme/third", 0.95, 0.95),
    )
    await publish_day_by_day(jetstream, *story)
    nobody = "http://127.0.0.1:9"
    async with aggregating(nats_url), started_gateway(nats_url, nobody, tmp_path) as gateway:
        await gateway.until_ready()
        # Its own definition is another one than the last, so it scores the rows again.
        await gateway.until(f"{BOARDS}/rescorings", lambda answer: answer.json()["items"])
        await gateway.until(RANKS, lambda answer: "rescored" in _whys(answer))
        async with httpx.AsyncClient(base_url=gateway.url, timeout=60) as http:
            told = await http.get(f"{BOARDS}/rescorings")
            answer = await http.get(RANKS)
            points = answer.json()["points"]
            then = [await _standing(http, point["at"]) for point in points]
            tag = {"If-None-Match": answer.headers["ETag"]}
            known = await http.get(RANKS, headers=tag)
            nothing = await http.get(f"{BOARDS}/entries/{'0' * 20}/ranks")
            page = (await http.get("/api/v1/models/acme/first")).json()

    assert [(one["rank"], one["of"], one["why"]) for one in points] == [
        (1, 1, "entered"),
        (2, 2, "others"),
        (1, 1, "others"),
        (2, 2, "others"),
        (2, 2, "rescored"),
    ]
    assert [(one["came"], one["went"]) for one in points] == [
        (0, 0),
        (1, 0),
        (0, 1),
        (1, 0),
        (0, 0),
    ]
    assert points[0]["at"] == (MORNING + timedelta(days=5)).isoformat().replace("+00:00", "Z")
    assert then == [(one["rank"], one["of"], one["average"]) for one in points]
    assert page["entries"][0]["rank"] == 2
    assert (known.status_code, known.content) == (304, b"")
    assert_error(nothing, 404, ErrorCode.ENTRY_UNKNOWN)
    [rescoring] = told.json()["items"]
    assert (rescoring["old_version"], rescoring["version"]) == (HARDER.version, BOARD.version)
    assert rescoring["old_scoring_version"] == defined(HARDER).scoring_version
    assert rescoring["at"] == points[-1]["at"]
    moves = {move["model"]: move for move in rescoring["moves"]}
    assert moves["acme/first"]["before"] == points[0]["average"]
    assert moves["acme/first"]["after"] == points[-1]["average"]


def _whys(answer: httpx.Response) -> list[str]:
    return [one["why"] for one in answer.json().get("points", [])]


async def _standing(http: httpx.AsyncClient, at: str) -> tuple[Any, int, Any]:
    """Of acme/first on the whole board of that moment."""
    rows = (await http.get(f"{BOARDS}/entries", params={"as_of": at})).json()["items"]
    [row] = [row for row in rows if row["model"] == "acme/first"]
    return row["rank"], sum(one["rank"] is not None for one in rows), row["average"]
