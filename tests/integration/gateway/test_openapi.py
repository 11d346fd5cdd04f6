"""What /api/openapi.json promises, held against the gateway by schemathesis."""

import asyncio
import sysconfig
from pathlib import Path

from nats.js import JetStreamContext

from tests.integration.gateway.gateways import show, started_gateway
from tests.unit.gateway.examples import a_board, a_request, an_entry

SCHEMATHESIS = Path(sysconfig.get_path("scripts"), "schemathesis")
CONFIG = Path(__file__).parent / "schemathesis.toml"


async def test_nothing_is_answered_that_the_document_does_not_say(
    nats_url: str, hub: str, tmp_path: Path, jetstream: JetStreamContext
) -> None:
    await show(
        jetstream,
        a_board(),
        a_request("acme/model-0"),
        *(an_entry(f"acme/model-{place}", facts=float(place), grammar=3.0) for place in range(30)),
    )
    async with started_gateway(nats_url, hub, tmp_path) as gateway:
        await gateway.until_ready()
        process = await asyncio.create_subprocess_exec(
            *(SCHEMATHESIS, "--config-file", CONFIG, "--no-color"),
            *("run", f"{gateway.url}/api/openapi.json"),
            # Whatever it leaves behind stays out of the repository.
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        report, _ = await process.communicate()

    assert process.returncode == 0, report.decode()
