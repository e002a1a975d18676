"""Tables for people and the same figures for programs."""

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

Cell: TypeAlias = str | int | float | None


@dataclass(slots=True)
class Table:
    """Rows hold figures as they were measured; they are rounded when they are printed."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[Cell]] = field(default_factory=list)
    note: str = ""

    def markdown(self) -> str:
        wide = [isinstance(cell, str) for cell in self.rows[0]] if self.rows else []
        lines = [f"### {self.title}", ""]
        lines += [self.note, ""] if self.note else []
        lines.append(_line(self.columns))
        lines.append(_line(["---" if text else "--:" for text in wide]))
        lines += [_line([written(cell) for cell in row]) for row in self.rows]
        return "\n".join(lines)

    def data(self) -> Mapping[str, object]:
        rows = [dict(zip(self.columns, map(_plain, row), strict=True)) for row in self.rows]
        return {"title": self.title, "rows": rows}


def machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"Python {platform.python_version()}, {platform.machine()}, {cores} cores"


def save(path: Path, facts: Mapping[str, object], tables: Sequence[Table]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {**facts, "tables": [table.data() for table in tables]}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def written(cell: Cell) -> str:
    """Three digits are as many as mean anything."""
    match cell:
        case None:
            return "-"
        case float() if math.isnan(cell):
            return "-"
        case float() if abs(cell) >= 100:
            return f"{cell:,.0f}".replace(",", " ")
        case float():
            return f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"
        case int():
            return f"{cell:,}".replace(",", " ")
    return cell


def _plain(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
