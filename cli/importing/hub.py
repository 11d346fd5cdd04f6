"""Where imported files are: on this machine, or in a data set on the Hub."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cli.console import fail
from cli.hub import hub_url

_DATA_SET = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Found:
    files: tuple[Path, ...]
    source: str
    """What the imported rows say they are from."""


@contextmanager
def found(where: str, hub: str, suffixes: tuple[str, ...]) -> Iterator[Found]:
    """The file, the files of the folder, or those of the data set, that end in one of `suffixes`;
    downloads last as long as this. The command fails when there is none."""
    path = Path(where).expanduser()
    if path.exists():
        yield Found(_matching(path, suffixes), path.name)
    elif _DATA_SET.fullmatch(where):
        with TemporaryDirectory(prefix="podium-import-") as folder:
            _download(where, hub, suffixes, Path(folder))
            yield Found(_matching(Path(folder), suffixes), where)
    else:
        fail(
            f"There is no file or folder {where!r}.",
            "Name one that exists, or a data set on the Hub as NAMESPACE/NAME.",
        )


def _matching(path: Path, suffixes: tuple[str, ...]) -> tuple[Path, ...]:
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    matching = tuple(file for file in files if file.is_file() and file.name.endswith(suffixes))
    if not matching:
        fail(f"{path} has no file that ends in {', '.join(suffixes)}.")
    return matching


def _download(data_set: str, hub: str, suffixes: tuple[str, ...], folder: Path) -> None:
    try:
        # Only for this: the other commands should start without it.
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError:
        fail(
            "Data sets on the Hub need huggingface_hub.",
            "Run: pip install huggingface_hub, or download the files and name their folder.",
        )
    with hub_url(hub) as url:
        try:
            snapshot_download(
                data_set,
                repo_type="dataset",
                endpoint=url,
                local_dir=folder,
                allow_patterns=[f"*{suffix}" for suffix in suffixes],
            )
        except (HfHubHTTPError, OSError) as fault:
            why = str(fault).partition("\n")[0]
            fail(
                f"The data set {data_set} could not be downloaded from {url}: {why}",
                "Sign in with HF_TOKEN if it is private, or name another Hub with --hub.",
            )
