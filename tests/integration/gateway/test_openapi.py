"""What /api/openapi.json promises, held against the gateway by schemathesis: every check that it
has, on every operation, one by one and following from one to the next."""

import asyncio
import json
import sysconfig
from pathlib import Path
from string import Template

from nats.js import JetStreamContext

from contracts.views import RequestState
from tests.integration.aggregator.aggregating import aggregating
from tests.integration.gateway.gateways import show, started_gateway
from tests.integration.gateway.test_samples import store_samples
from tests.unit.gateway.examples import a_board, a_request, an_entry
from tests.unit.gateway.sample_files import chosen, samples_file

SCHEMATHESIS = Path(sysconfig.get_path("scripts"), "schemathesis")
CONFIG = Path(__file__).parent / "schemathesis.toml"


async def test_nothing_is_answered_that_the_document_does_not_say(
    nats_url: str, hub: str, tmp_path: Path, jetstream: JetStreamContext
) -> None:
    samples = samples_file(tmp_path, [chosen(n, right=n % 3 > 0) for n in range(40)])
    rows = [an_entry(f"acme/model-{n}", facts=float(n), grammar=3.0) for n in range(30)]
    rows[:2] = [await store_samples(jetstream, row, samples) for row in rows[:2]]
    requests = [
        a_request("acme/model-0", RequestState.FINISHED, scored=("facts", "grammar")),
        a_request("acme/model-1", RequestState.RUNNING, attempt=1),
        a_request("acme/waiting"),
    ]
    config = tmp_path / "schemathesis.toml"
    sids = ", ".join(json.dumps(request.sid) for request in requests)
    pairs = json.dumps([rows[0].sid, rows[1].sid])
    config.write_text(Template(CONFIG.read_text()).substitute(sids=sids, pairs=pairs))
    async with (
        aggregating(nats_url, board=a_board()),
        started_gateway(nats_url, hub, tmp_path) as gateway,
    ):
        await show(jetstream, *requests, *rows)
        await gateway.until_ready()
        process = await asyncio.create_subprocess_exec(
            *(SCHEMATHESIS, "--config-file", config, "--no-color"),
            *("run", f"{gateway.url}/api/openapi.json"),
            # Whatever it leaves behind stays out of the repository.
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()

    report = output.decode()
    assert process.returncode == 0, report
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}\n" in report
