import asyncio
import json
import re
import sys

from nats.js import JetStreamContext

from contracts.topology import VIEWS
from contracts.views import Entry
from runtime.settings import REPOSITORY

PAGE = REPOSITORY / "docs" / "subscribe.md"
GOLDEN_ENTRY = REPOSITORY / "tests" / "contract" / "golden" / "v1" / "podium.v1.view.entry.json"


async def test_the_ten_line_subscriber_of_the_docs_prints_entries_as_they_change(
    nats_url: str, jetstream: JetStreamContext
) -> None:
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    assert len([line for line in program.splitlines() if line]) <= 10
    first = Entry.model_validate(json.loads(GOLDEN_ENTRY.read_text())["body"])
    changed = first.model_copy(update={"average": 41.5, "outstanding": ()})

    async def publish(entry: Entry) -> None:
        await jetstream.publish(
            entry.subject(), entry.model_dump_json().encode(), stream=VIEWS.name
        )

    await publish(first)
    subscriber = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, nats_url, stdout=asyncio.subprocess.PIPE
    )
    assert subscriber.stdout
    try:
        async with asyncio.timeout(60):
            standing = await subscriber.stdout.readline()
            await publish(changed)
            update = await subscriber.stdout.readline()
    finally:
        subscriber.kill()
        await subscriber.wait()

    assert standing.decode() == f"{first.repo_id} None ['facts']\n"
    assert update.decode() == f"{first.repo_id} 41.5 []\n"
