"""Replays recorded provider traffic through the adapters: `python -m tests.corpus`.

Exit code 1 if anything that was tried fails, 2 if the recordings are not on this machine.
"""

import argparse
import asyncio
import json
import sys
import time
import warnings
from pathlib import Path

from tests.corpus import features, report
from tests.corpus.records import folder
from tests.corpus.run import everything

PROVEN = Path(__file__).parents[2] / "adapters" / "providers" / "proven.json"


def main() -> int:
    options = _options()
    within = folder()
    if within is None:
        print("The recordings are not on this machine; SLUICEGATE_CORPUS says where they are.")
        return 2
    warnings.simplefilter("ignore")  # the SDKs warn of what providers send
    began = time.monotonic()
    verdicts, excluded = asyncio.run(
        everything(within, provider=options.provider, kind=options.kind, every=options.sample)
    )
    print("\n".join(report.lines(verdicts, excluded)))
    print(f"took {time.monotonic() - began:.0f} s")
    if options.write_proven:
        text = json.dumps(features.proven(verdicts), indent=2)
        PROVEN.write_text(text + "\n", encoding="utf-8")
    return int(any(verdict.wrong for verdict in verdicts))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--provider", default="", help="only this one's recordings")
    parser.add_argument("--kind", default="", help="only recordings of this kind")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="every Nth of a kind")
    parser.add_argument(
        "--write-proven", action="store_true", help="keep what passed in proven.json"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
