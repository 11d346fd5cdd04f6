"""python -m demo [ROOT]: make the demo's models and data, as a folder for localhub."""

import argparse
import sys
import time
from pathlib import Path

from demo.content import default_root, ensure_content


def main() -> None:
    parser = argparse.ArgumentParser(prog="demo", description="Make the demo's models and data.")
    parser.add_argument("root", type=Path, nargs="?", default=default_root(), metavar="ROOT")
    root: Path = parser.parse_args().root.resolve()
    started = time.monotonic()

    def show(line: str) -> None:
        sys.stdout.write(f"{time.monotonic() - started:6.1f} s  {line}\n")
        sys.stdout.flush()

    content = ensure_content(root, show)
    show(f"{len(content.submissions)} submissions in {root}")


if __name__ == "__main__":
    main()
