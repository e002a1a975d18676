"""Figures that outlive the worker that counted them.

A counter that falls is a restart to Prometheus: it takes all that is left for new. So what a
worker has told is kept in a file as it is shown. Should the worker be slow to answer, or dead, that
is what stands for it; and when the parent finds it dead, it adds the file to those of the dead.
What was counted after it was last shown is lost, unseen.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import orjson

from gateway.metrics.figures import Figures, read, summed, written

_MOST_NAMES = 1_000  # of the dead: a scrape that began before so many died is long over


class Kept:
    """Files in a folder of ours. `name`: of a worker; no two ever have the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self, told: Mapping[str, bytes]) -> list[Figures]:
        """What workers have told, or told last if they tell nothing now, and what the dead have
        left. Whoever has died meanwhile counts among the dead, and only there.
        """
        found = {name: self.keep(name, text) or self._last(name) for name, text in told.items()}
        names, past = self._dead()
        living = [figures for name, figures in found.items() if figures and name not in names]
        return [*living, past]

    def keep(self, name: str, text: bytes) -> Figures | None:
        """What a worker has told; None if that is nothing, or only a part."""
        try:
            figures = read(text)
        except (ValueError, KeyError, TypeError):
            return None
        self._write(self._file(name), text)
        return figures

    def bury(self, name: str) -> None:
        """Count a worker among the dead. Only the parent does, for one after the other."""
        names, past = self._dead()
        last = self._last(name)
        told = {
            "names": [*names, name][-_MOST_NAMES:],
            "past": orjson.loads(written(summed([past, last] if last else [past]))),
        }
        self._write(self._folder / "dead", orjson.dumps(told))
        self._file(name).unlink(missing_ok=True)

    def _last(self, name: str) -> Figures | None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            return read(self._file(name).read_bytes()).past()
        return None

    def _dead(self) -> tuple[list[str], Figures]:
        with suppress(FileNotFoundError):
            told = orjson.loads((self._folder / "dead").read_bytes())
            return told["names"], read(orjson.dumps(told["past"]))
        return [], summed([])

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.told"

    def _write(self, file: Path, data: bytes) -> None:
        """Whole or not at all, whoever reads it meanwhile."""
        with suppress(OSError):  # a full disk: what is shown is still right
            new = file.with_suffix(f".{os.getpid()}")
            new.write_bytes(data)
            new.replace(file)
