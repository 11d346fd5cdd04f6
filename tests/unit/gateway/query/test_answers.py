"""Answers as bytes: made once, compressed as the client likes, within a budget."""

import asyncio
import gzip
import threading

import pytest
import zstandard

from services.gateway.query.answers import Answers, Encoding, wanted_encoding


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", Encoding.IDENTITY),
        ("gzip", Encoding.GZIP),
        ("gzip, deflate, br, zstd", Encoding.ZSTD),
        ("ZSTD;q=0.5", Encoding.ZSTD),
        ("zstd;q=0, gzip;q=1.0", Encoding.GZIP),
        ("zstd;q=0.000,gzip; q=0", Encoding.IDENTITY),
        ("br", Encoding.IDENTITY),
        (";;,=,q", Encoding.IDENTITY),
    ],
)
def test_the_best_encoding_that_a_client_accepts_is_used(accepted: str, encoding: Encoding) -> None:
    assert wanted_encoding(accepted) is encoding


async def test_an_answer_is_made_once_however_many_ask() -> None:
    answers = Answers()
    made = []
    everybody_asked = threading.Event()

    def make() -> bytes:
        made.append(threading.current_thread())
        everybody_asked.wait(10)
        return b"answer"

    asking = [asyncio.create_task(answers.get("q", Encoding.IDENTITY, make)) for _ in range(20)]
    await asyncio.sleep(0)
    everybody_asked.set()

    assert {answer.body for answer in await asyncio.gather(*asking)} == {b"answer"}
    assert len(made) == 1
    assert made[0] is not threading.main_thread()


async def test_the_first_asker_may_go_away() -> None:
    answers = Answers()
    may_end = threading.Event()

    def make() -> bytes:
        may_end.wait(10)
        return b"answer"

    first = asyncio.create_task(answers.get("q", Encoding.IDENTITY, make))
    second = asyncio.create_task(answers.get("q", Encoding.IDENTITY, make))
    await asyncio.sleep(0)
    first.cancel()
    may_end.set()

    assert (await second).body == b"answer"


async def test_a_failure_is_told_to_everybody_and_not_kept() -> None:
    answers = Answers()
    tries = []

    def make() -> bytes:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("not yet")
        return b"answer"

    with pytest.raises(ValueError, match="not yet"):
        await answers.get("q", Encoding.IDENTITY, make)
    assert (await answers.get("q", Encoding.IDENTITY, make)).body == b"answer"


async def test_all_encodings_of_an_answer_share_its_tag() -> None:
    answers = Answers()
    body = b"a row " * 1000

    plain, zipped, packed = [
        await answers.get("q", encoding, lambda: body)
        for encoding in (Encoding.IDENTITY, Encoding.GZIP, Encoding.ZSTD)
    ]

    assert plain.body == gzip.decompress(zipped.body) == zstandard.decompress(packed.body) == body
    assert plain.etag == zipped.etag == packed.etag
    assert (await Answers().get("other", Encoding.GZIP, lambda: body)).body == zipped.body


async def test_what_was_not_asked_for_longest_is_forgotten() -> None:
    answers = Answers(most_bytes=25)
    made: list[str] = []

    async def ask(question: str) -> None:
        def make() -> bytes:
            made.append(question)
            return b"ten bytes!"

        await answers.get(question, Encoding.IDENTITY, make)

    for question in ("a", "b", "a", "c", "a", "b"):
        await ask(question)

    assert made == ["a", "b", "c", "b"]
