"""`podium import` as an operator runs it: files or a Hub, a server, and the board that follows."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pyarrow
import pytest
import yaml
from nats.aio.client import Client
from pyarrow import parquet

from contracts.imports import RowImported
from contracts.submission import SubmissionReceived
from contracts.views import Entry, Origin
from localhub.process import running_localhub
from runtime.ports import free_port
from tests.bus import all_events, next_view
from tests.contents import ROW, row, write_csv
from tests.integration.aggregator.aggregating import aggregating
from tests.unit.aggregator.story import BOARD
from tests.unit.cli.test_import_requests import REQUEST
from tests.unit.cli.test_import_results import report

pytestmark = pytest.mark.usefixtures("jetstream")


@pytest.fixture
def boards(tmp_path: Path) -> Path:
    folder = tmp_path / "boards"
    folder.mkdir()
    (folder / "demo.yaml").write_text(yaml.safe_dump(BOARD.model_dump(mode="json")))
    return folder


async def podium_import(
    nats_url: str, boards: Path, what: str, *arguments: object
) -> tuple[int, str]:
    """Exit status, and everything it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "import", what, "--board", BOARD.name),
        *map(str, arguments),
        env=os.environ | {"NATS_URL": nats_url, "PODIUM_BOARDS": str(boards), "COLUMNS": "300"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert "Traceback" not in output.decode()
    return process.returncode or 0, output.decode()


async def test_imported_rows_are_on_the_board(
    nats_url: str, client: Client, boards: Path, tmp_path: Path
) -> None:
    rows = [row(fullname=f"acme/model-{n}") for n in range(300)]
    table = write_csv(tmp_path / "contents.csv.gz", rows)

    async with aggregating(nats_url):
        status, output = await podium_import(nats_url, boards, "contents", table)

        assert (status, output) == (0, "300 imported, 0 changed, 0 known already.\n")
        last = await next_view(client, Entry, lambda entry: entry.repo_id == "acme/model-299")
        assert (last.origin, last.source, last.average) == (Origin.IMPORTED, table.name, 45)


async def test_the_same_rows_again_publish_nothing_and_a_changed_one_replaces_its_row(
    nats_url: str, client: Client, boards: Path, tmp_path: Path
) -> None:
    table = write_csv(tmp_path / "contents.csv", [row(), row(fullname="acme/other")])
    await podium_import(nats_url, boards, "contents", table)
    # Under another name it is the same: what counts is what the rows say.
    renamed = table.rename(tmp_path / "again.csv")

    _, again = await podium_import(nats_url, boards, "contents", renamed)
    write_csv(renamed, [row(), row(fullname="acme/other", **{"Hub_❤️": 8})])
    _, changed = await podium_import(nats_url, boards, "contents", renamed)
    write_csv(renamed, [row(), row(fullname="acme/other")])
    _, back = await podium_import(nats_url, boards, "contents", renamed)

    assert again == "0 imported, 0 changed, 2 known already.\n"
    assert changed == back == "0 imported, 1 changed, 1 known already.\n"
    events = [event for event in await all_events(client) if isinstance(event, RowImported)]
    assert [(event.model.repo_id, event.likes) for event in events] == [
        ("acme/tiny", 7),
        ("acme/other", 7),
        ("acme/other", 8),
        ("acme/other", 7),
    ]
    async with aggregating(nats_url):
        other = await next_view(client, Entry, lambda entry: entry.repo_id == "acme/other")
        assert other.likes == 7


async def test_one_bad_row_keeps_all_out_unless_it_is_skipped(
    nats_url: str, client: Client, boards: Path, tmp_path: Path
) -> None:
    table = write_csv(tmp_path / "contents.csv", [row(), row(fullname="acme/bad", Type="toy")])

    status, output = await podium_import(nats_url, boards, "contents", table)

    assert status == 1
    assert output.startswith("row 2, 'Type': found 'toy': is none of the types")
    assert "1 problem; nothing was imported." in output
    assert await all_events(client) == []

    status, output = await podium_import(nats_url, boards, "contents", table, "--skip-bad")

    assert status == 0
    assert output.endswith("1 imported, 0 changed, 0 known already.\n")


async def test_a_data_set_on_the_hub_is_imported_by_its_name(
    nats_url: str, client: Client, boards: Path, tmp_path: Path
) -> None:
    data = tmp_path / "hub" / "datasets" / "acme" / "contents" / "data"
    data.mkdir(parents=True)
    for number, name in enumerate(("acme/tiny", "acme/other")):
        table = pyarrow.Table.from_pylist([dict(ROW) | {"fullname": name}])
        parquet.write_table(table, data / f"train-0000{number}-of-00002.parquet")

    with running_localhub(tmp_path / "hub") as hub:
        status, output = await podium_import(
            nats_url, boards, "contents", "acme/contents", "--hub", hub
        )

    assert (status, output.splitlines()[-1]) == (0, "2 imported, 0 changed, 0 known already.")
    rows = [event for event in await all_events(client) if isinstance(event, RowImported)]
    assert [event.source for event in rows] == ["acme/contents"] * 2


async def test_a_data_set_that_is_not_there_is_said_so(
    nats_url: str, boards: Path, tmp_path: Path
) -> None:
    (tmp_path / "hub").mkdir()

    status, output = await podium_import(
        nats_url, boards, "contents", "acme/nothing", "--hub", tmp_path / "hub"
    )

    assert status == 1
    assert "The data set acme/nothing could not be downloaded" in output


async def test_a_hub_that_is_away_is_said_so(nats_url: str, boards: Path) -> None:
    away = f"http://127.0.0.1:{free_port()}"

    status, output = await podium_import(nats_url, boards, "contents", "acme/any", "--hub", away)

    assert status == 1
    assert f"The data set acme/any could not be downloaded from {away}: " in output


async def test_results_are_recomputed_on_the_board(
    nats_url: str, client: Client, boards: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "results" / "acme" / "tiny"
    folder.mkdir(parents=True)
    (folder / "results_2024-06-16T22-09-58.json").write_text(json.dumps(report()))

    async with aggregating(nats_url):
        status, output = await podium_import(nats_url, boards, "results", tmp_path / "results")

        assert (status, output) == (0, "1 imported, 0 changed, 0 known already.\n")
        entry = await next_view(client, Entry)
        assert entry.average == pytest.approx((40 + (20 + 50) / 2) / 2)
        assert entry.average_stderr is not None


async def test_requests_that_were_not_finished_can_be_submitted(
    nats_url: str, client: Client, boards: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "requests" / "acme"
    folder.mkdir(parents=True)
    for name, status in (("tiny", "FINISHED"), ("other", "PENDING"), ("third", "RUNNING")):
        content = REQUEST | {"model": f"acme/{name}", "status": status}
        (folder / f"{name}_eval_request_False_bfloat16_Original.json").write_text(
            json.dumps(content)
        )
    where = tmp_path / "requests"

    _, told = await podium_import(nats_url, boards, "requests", where)
    before = await all_events(client)
    _, submitted = await podium_import(nats_url, boards, "requests", where, "--submit")

    assert told.splitlines() == [
        "3 imported, 0 changed, 0 known already.",
        "2 were not finished: --submit submits them here.",
    ]
    assert not [event for event in before if isinstance(event, SubmissionReceived)]
    assert submitted.splitlines() == [
        "0 imported, 0 changed, 3 known already.",
        "2 submitted, of 2 that were not finished.",
    ]
    received = [it for it in await all_events(client) if isinstance(it, SubmissionReceived)]
    assert sorted(event.model.repo_id for event in received) == ["acme/other", "acme/third"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("contents", "nowhere.csv"), "There is no file or folder 'nowhere.csv'."),
        (("contents", __file__), "has no file that ends in"),
        (("contents", "{table}", "--board", "other"), "There is no board 'other'."),
        (("contents", "{broken}"), "cannot be read"),
        (("contents", "{foreign}"), "the table has no column 'fullname'"),
        (("contents", "{table}", "--nats", "nats://127.0.0.1:{port}"), "No nats-server answers"),
    ],
)
async def test_what_cannot_be_done_is_said_in_words(
    nats_url: str, boards: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1")
    places = {
        "table": write_csv(tmp_path / "contents.csv", [ROW]),
        "foreign": write_csv(tmp_path / "foreign.csv", [{"name": "x"}]),
        "broken": broken,
        "port": free_port(),
    }

    status, output = await podium_import(
        nats_url, boards, *(argument.format(**places) for argument in arguments)
    )

    assert status == 1
    assert said in output
