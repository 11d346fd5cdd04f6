import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Event

from localhub.file_cache import FileCache


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    reads: list[str] = []

    def read(path: Path) -> str:
        reads.append(path.read_text())
        return reads[-1]

    cache = FileCache(read)
    assert [cache.get(file), cache.get(file)] == ["one", "one"]
    file.write_text("two")
    os.utime(file, ns=(0, 0))
    assert [cache.get(file), cache.get(file)] == ["two", "two"]
    assert reads == ["one", "two"]


def test_threads_that_ask_at_once_share_one_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    asking, reading = Barrier(4), Barrier(2)
    reads: list[Path] = []

    def ask(cache: FileCache[int]) -> int:
        asking.wait(timeout=60)
        return cache.get(file)

    def read(path: Path) -> int:
        reads.append(path)
        # Held open, so that a second reader would come in.
        with suppress(BrokenBarrierError):
            reading.wait(timeout=0.2)
        return len(reads)

    cache = FileCache(read)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, [cache] * 4))

    assert answers == [1, 1, 1, 1]


def test_one_slow_file_holds_up_no_other(tmp_path: Path) -> None:
    slow, quick = tmp_path / "slow", tmp_path / "quick"
    slow.touch()
    quick.touch()
    started, go_on = Event(), Event()

    def read(path: Path) -> str:
        if path == slow:
            started.set()
            assert go_on.wait(timeout=60)
        return path.name

    cache = FileCache(read)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(cache.get, slow)
        assert started.wait(timeout=60)
        assert cache.get(quick) == "quick"
        go_on.set()
        assert waiting.result(timeout=60) == "slow"
