"""Room in a cache that is laid out by hand, as huggingface_hub lays it out."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.evaluator.disk import Claim, HubCache, ReleasedError
from services.evaluator.failures import EvaluationFault

MB = 1_000_000
COMMIT = "c" * 40


def put(cache: HubCache, repo: str, *, commit: str = COMMIT, used_at: int, mb: int = 5) -> Path:
    """A snapshot of that size, last used at that time."""
    folder = cache.folder / repo
    snapshot = folder / "snapshots" / commit
    snapshot.mkdir(parents=True)
    blob = folder / "blobs" / f"{commit}-weights"
    blob.parent.mkdir(exist_ok=True)
    blob.write_bytes(bytes(mb * MB))
    (snapshot / "model.safetensors").symlink_to(os.path.relpath(blob, snapshot))
    os.utime(snapshot, (used_at, used_at))
    return snapshot


def make_room(cache: HubCache, mb: int, *, repo_id: str = "acme/new", commit: str = "new") -> None:
    with Claim(cache, repo_id) as claim:
        claim.hold()
        claim.make_room(mb * MB, commit)


def refusal(cache: HubCache, mb: int) -> str:
    with pytest.raises(EvaluationFault, match="does-not-fit-disk") as caught:
        make_room(cache, mb)
    return caught.value.failure.reason.message


@pytest.fixture
def cache(tmp_path: Path) -> HubCache:
    return HubCache(tmp_path / "hub", limit_bytes=11 * MB)


def test_only_as_much_is_deleted_as_is_needed(cache: HubCache) -> None:
    newer = put(cache, "models--acme--newer", used_at=200)
    older = put(cache, "models--acme--older", used_at=100)

    make_room(cache, 5)

    assert (older.exists(), newer.exists()) == (False, True)


def test_nothing_is_deleted_when_there_is_room(cache: HubCache) -> None:
    snapshot = put(cache, "models--acme--one", used_at=100)

    make_room(cache, 6)

    assert snapshot.exists()


def test_nothing_is_deleted_when_it_would_not_help(cache: HubCache) -> None:
    snapshot = put(cache, "models--acme--one", used_at=100)

    message = refusal(cache, 12)

    assert snapshot.exists()
    assert message == (
        "acme/new takes 0.012 GB more on disk, and 0.011 GB of the 0.011 GB for models can be had."
    )


def test_without_a_limit_nothing_is_deleted(cache: HubCache) -> None:
    unlimited = HubCache(cache.folder, None)
    snapshot = put(unlimited, "models--acme--one", used_at=100)

    make_room(unlimited, 100)
    message = refusal(unlimited, 10**12)

    assert snapshot.exists()
    assert "on the evaluator's disk" in message


def test_a_data_set_counts_and_stays(cache: HubCache) -> None:
    data_set = put(cache, "datasets--acme--travel", used_at=100)

    refusal(cache, 7)

    assert data_set.exists()


def test_a_model_in_use_stays(cache: HubCache) -> None:
    used = put(cache, "models--acme--used", used_at=100)
    idle = put(cache, "models--acme--idle", used_at=200)

    with Claim(cache, "acme/used") as claim:
        claim.hold()
        make_room(cache, 5)
        refusal(cache, 10)

    assert (used.exists(), idle.exists()) == (True, False)


def test_an_older_commit_of_the_same_model_makes_room(cache: HubCache) -> None:
    older = put(cache, "models--acme--new", commit="a" * 40, used_at=100)
    begun = put(cache, "models--acme--new", commit="b" * 40, used_at=50, mb=1)

    make_room(cache, 8, commit="b" * 40)

    assert (older.exists(), begun.exists()) == (False, True)


def test_a_copy_with_the_same_commit_is_told_from_it(cache: HubCache) -> None:
    newer = put(cache, "models--acme--original", commit="a" * 40, used_at=200)
    older = put(cache, "models--beta--copy", commit="a" * 40, used_at=100)

    make_room(cache, 5)

    assert (newer.exists(), older.exists()) == (True, False)


def test_downloads_that_were_broken_off_go_first(cache: HubCache) -> None:
    snapshot = put(cache, "models--acme--one", used_at=100)
    piece = cache.folder / "models--acme--broken" / "blobs" / "x.incomplete"
    piece.parent.mkdir(parents=True)
    piece.write_bytes(bytes(5 * MB))

    make_room(cache, 5)

    assert (piece.exists(), snapshot.exists()) == (False, True)


def test_what_others_are_downloading_is_taken(cache: HubCache) -> None:
    with Claim(cache, "acme/coming") as claim:
        claim.hold()
        claim.make_room(6 * MB, COMMIT)

        refusal(cache, 6)
        put(cache, "models--acme--coming", used_at=100, mb=6)
        refusal(cache, 6)
        make_room(cache, 5)


def test_what_a_killed_evaluator_used_is_free(cache: HubCache) -> None:
    snapshot = put(cache, "models--acme--used", used_at=100)
    script = (
        "from pathlib import Path; from services.evaluator.disk import *\n"
        f"claim = Claim(HubCache(Path({str(cache.folder)!r}), None), 'acme/used')\n"
        "claim.hold(); print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        refusal(cache, 10)

        other.send_signal(signal.SIGKILL)
        other.wait()
        make_room(cache, 10)

    assert not snapshot.exists()
    assert not list(cache.notes.glob("*@*"))


def test_a_claim_that_comes_too_late_is_none(cache: HubCache) -> None:
    with ExitStack() as stack:
        claim = stack.enter_context(Claim(cache, "acme/new"))
        stack.close()

        with pytest.raises(ReleasedError):
            claim.hold()

    assert not list(cache.notes.glob("*@*"))


def test_using_a_snapshot_makes_it_the_last_to_go(cache: HubCache) -> None:
    older = put(cache, "models--acme--older", used_at=100)
    newer = put(cache, "models--acme--newer", used_at=200)
    with Claim(cache, "acme/older") as claim:
        claim.mark_used(older)

    make_room(cache, 5)

    assert (older.exists(), newer.exists()) == (True, False)
