"""The document that explains a route, as people read it. Pure."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from adapters.types import Json

Paint = Callable[[str, str], str]
"""(text, colour) -> the text in that colour, or as it is."""

_OCCASIONS = {
    "transient": "If whoever is asked is down",
    "too_long": "If the prompt is too long for whoever is asked",
    "blocked": "If a content policy refuses the prompt",
}


def plain(text: str, _: str) -> str:
    return text


def told(document: Json, paint: Paint = plain) -> str:
    """All of it, in lines."""
    return "\n".join(
        [
            *_head(document),
            "",
            *_candidates(document["candidates"], paint),
            *_refusal(document["error"], paint),
            *(line for story in document["if_it_fails"] for line in _story(story, paint)),
        ]
    )


def _head(document: Json) -> Iterator[str]:
    call, strategy = document["call"], document["strategy"]
    stream = ", streamed" if call["stream"] else ""
    yield f"{document['model']}: {call['dialect']}, about {call['prompt_tokens']} tokens{stream}"
    for name, value in (
        ("needs", ", ".join(call["needs"])),
        ("tags", ", ".join(call["tags"])),
        ("region", call["region"]),
        ("bound to", document["bound_to"]),
    ):
        if value:
            yield f"{name}: {value}"
    if strategy["trouble"]:
        yield f"strategy: {strategy['name']}, which failed: {strategy['trouble']}"
    elif strategy["asked"]:
        reads = f", by {', '.join(strategy['reads'])}" if strategy["reads"] else ""
        yield f"strategy: {strategy['name']}{reads}"


def _candidates(candidates: Sequence[Json], paint: Paint) -> Iterator[str]:
    rows = [("share", "deployment", "model", "order", "used", "why")]
    colours = [""]
    for candidate in candidates:
        out = candidate["out"]
        share = "-" if out else f"{candidate['share']:.0%}"
        why = f"{out['by']}: {out['why']}" if out else _because(candidate)
        order = str(candidate["order"])
        rows.append((share, candidate["id"], candidate["model"], order, _used(candidate), why))
        colours.append("yellow" if out else "green" if candidate["share"] else "")
    for line, colour in zip(_aligned(rows), colours, strict=True):
        yield paint(line, colour) if colour else line


def _because(candidate: Json) -> str:
    """What the strategy went by, of one that it could have had."""
    score = [] if candidate["score"] is None else [f"score {candidate['score']:g}"]
    reads = (f"{name} {_said(value)}" for name, value in candidate["reads"].items())
    return ", ".join([*score, *reads])


def _said(value: Any) -> str:
    return (
        "unknown" if value is None else f"{value:.3g}" if isinstance(value, float) else f"{value}"
    )


def _used(candidate: Json) -> str:
    shown = [f"{name} {now['used']}/{now['limit']}" for name, now in candidate["limits"].items()]
    if candidate["provider_left"] < 1:
        shown.append(f"{candidate['provider_left']:.0%} of the allowance left")
    return ", ".join(shown) or "-"


def _refusal(error: Json | None, paint: Paint) -> Iterator[str]:
    if error:
        yield ""
        yield paint(f"Nobody can be asked: {_error(error)}", "red")


def _story(story: Json, paint: Paint) -> Iterator[str]:
    yield ""
    yield _OCCASIONS.get(story["kind"], f"If it fails ({story['kind']})")
    steps, seen = story["steps"], set[str]()
    rows = []
    for number, step in enumerate(steps, 1):
        before = steps[number - 2]["alias"] if number > 1 else step["alias"]
        notes = _notes(step, again=step["id"] in seen, fallback=step["alias"] != before)
        rows.append((f"  {number}.", step["alias"], step["id"] or "nobody", "; ".join(notes)))
        seen.add(step["id"])
    yield from _aligned(rows)
    yield paint(f"  then {_error(story['error'])}", "red")


def _notes(step: Json, *, again: bool, fallback: bool) -> Iterator[str]:
    if fallback:
        fields = step.get("override")
        yield "fallback" + (f" with its own {', '.join(fields)}" if fields else "")
    if step["id"] is None:
        yield _error(step["error"])
    elif again:
        yield "again"
    elif step["share"] < 1:
        yield f"or another; {step['share']:.0%} go here"
    if step["pause_s"]:
        yield f"after up to {step['pause_s']:g} s"
    if step.get("queued_s"):
        yield f"queued for {step['queued_s']:g} s"


def _error(error: Json) -> str:
    said = " ".join(str(part) for part in (error["status"], error["code"]) if part)
    wait = error.get("retry_after_s")
    again = f" (again in {wait:g} s)" if wait else ""
    return f"{said}{again}" + (f": {error['message']}" if error.get("message") else "")


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as what is in them; the last one as it is."""
    if not rows:
        return
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)]
    for row in rows:
        padded = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)]
        yield "  ".join([*padded, row[-1]]).rstrip()
