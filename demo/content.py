"""The demo's content as a folder for localhub: made once, then taken from the user's cache."""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import groupby
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path

from filelock import FileLock

from demo.data_sets import write_task_data, write_training_text
from demo.questions import question_sets
from demo.recipes import NAMESPACE, RECIPES, DemoSubmission, Recipe, submissions
from demo.text import documents
from demo.world import SEED

VERSION = 1
"""Of what makes the content. Raise it with every change that makes other models or questions."""

DOCUMENTS = 24_000
TOKEN = "podium-demo-token"
USER = "demo"
STAMP = "demo-content.sha256"
SCRATCH = ".making-"


@dataclass(frozen=True)
class DemoContent:
    """A localhub folder that holds everything the demo submits and evaluates."""

    root: Path
    token: str
    submissions: tuple[DemoSubmission, ...]
    hub_cache: Path
    """For `HF_HOME`: downloads of exactly this content. An offline client takes the newest data set
    in its cache, so what another content has left there must not be in reach."""


def default_root() -> Path:
    """In the user's cache folder; nothing there is missed when deleted."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "podium" / "demo"


def ensure_content(
    root: Path, progress: Callable[[str], None], recipes: tuple[Recipe, ...] = RECIPES
) -> DemoContent:
    """Makes what is not there yet, which takes a minute or two on two cores.

    Everything is made in a folder of its own and moved into place at the end, the stamp last: an
    interrupted call leaves nothing half made. `progress` gets a line for each thing being made.
    Raises RuntimeError when a process that makes models ends badly.
    """
    root.mkdir(parents=True, exist_ok=True)
    stamp = root / STAMP
    wanted = recipe_digest(recipes)
    with FileLock(root / ".lock"):
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            for left_by_a_kill in root.glob(f"{SCRATCH}*"):
                shutil.rmtree(left_by_a_kill)
            with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=root) as scratch:
                make_content(Path(scratch), progress, recipes)
                stamp.unlink(missing_ok=True)
                move_into_place(Path(scratch), root)
            stamp.write_text(wanted, encoding="utf-8")
    return DemoContent(root, TOKEN, submissions(recipes), root / f".hub-cache-{wanted[:12]}")


def recipe_digest(recipes: Sequence[Recipe]) -> str:
    """Equal for equal content."""
    ingredients = [VERSION, SEED, DOCUMENTS, [asdict(recipe) for recipe in recipes]]
    return sha256(json.dumps(ingredients).encode()).hexdigest()


def make_content(folder: Path, progress: Callable[[str], None], recipes: Sequence[Recipe]) -> None:
    progress("writing the data sets")
    sets = question_sets()
    text = documents(sets, DOCUMENTS)
    write_task_data(sets, folder / "datasets" / NAMESPACE)
    write_training_text(text, folder / "datasets" / NAMESPACE)
    make_models_in_parallel(recipes, folder / "models" / NAMESPACE, progress)
    (folder / "_tokens.json").write_text(json.dumps({TOKEN: {"name": USER}}), encoding="utf-8")
    progress("the demo's models and data are ready")


def make_models_in_parallel(
    recipes: Sequence[Recipe], folder: Path, progress: Callable[[str], None]
) -> None:
    """One process per architecture: a model's bases are of its own, so none waits for another."""
    context = get_context("spawn")
    by_architecture = sorted(recipes, key=lambda recipe: recipe.architecture)
    processes, readers = [], []
    try:
        for _, family in groupby(by_architecture, key=lambda recipe: recipe.architecture):
            reader, writer = context.Pipe(duplex=False)
            process = context.Process(
                target=make_family, args=(tuple(family), folder, writer), daemon=True
            )
            process.start()
            writer.close()
            processes.append(process)
            readers.append(reader)
        relay(readers, progress)
        for process in processes:
            process.join()
            if process.exitcode:
                raise RuntimeError(
                    f"Making the demo's models failed with exit status {process.exitcode};"
                    " the reason is in the output above."
                )
    finally:
        for process in processes:
            process.terminate()
            process.join()


def make_family(recipes: Sequence[Recipe], folder: Path, writer: "Connection[str, None]") -> None:
    """In a process of its own. An interrupt from the keyboard is its parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"  # read when transformers is imported

    from demo.training.models import make_models

    make_models(recipes, documents(question_sets(), DOCUMENTS), folder, writer.send)


def relay(readers: "Sequence[Connection[None, str]]", progress: Callable[[str], None]) -> None:
    """Passes lines on until every writer has closed its end."""
    open_readers = list(readers)
    while open_readers:
        ready = wait(open_readers)
        for reader in [reader for reader in open_readers if reader in ready]:
            try:
                progress(reader.recv())
            except EOFError:
                open_readers.remove(reader)


def move_into_place(made: Path, root: Path) -> None:
    """Replaces what a former version made; whatever else lies in `root` stays."""
    for kind in ("models", "datasets"):
        (root / kind).mkdir(exist_ok=True)
        target = root / kind / NAMESPACE
        if target.exists():
            target.rename(made / f"former-{kind}")
        (made / kind / NAMESPACE).rename(target)
    (made / "_tokens.json").replace(root / "_tokens.json")
