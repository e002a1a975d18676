"""Tells what was tried, what passed and what was left out, as tables of plain text."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.corpus.trials import Excluded
from tests.corpus.verdicts import Verdict

_SHOWN = 3  # examples of each thing that went wrong


def lines(verdicts: Sequence[Verdict], excluded: Sequence[Excluded]) -> Iterator[str]:
    yield from _table(verdicts, excluded)
    yield ""
    yield from _reasons(excluded)
    yield from _odd(verdicts)
    yield from _wrong(verdicts)
    yield ""
    yield from _totals(verdicts, excluded)


def _table(verdicts: Sequence[Verdict], excluded: Sequence[Excluded]) -> Iterator[str]:
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for verdict in verdicts:
        record = verdict.trial.record
        cell = counts[record.provider, record.kind]
        cell["tried"] += 1
        cell["streams"] += verdict.trial.stream and not record.refused
        cell["errors"] += record.refused
        cell["passed"] += not verdict.wrong
        cell["cuts"] += verdict.cut
        cell[f"row {verdict.trial.row}"] += 1
    for left in excluded:
        counts[left.record.provider, left.record.kind]["excluded"] += 1
    names = ("tried", "streams", "errors", "passed", "excluded", "cuts")
    yield f"{'provider':24}{'kind':26}{'row':20}" + "".join(f"{name:>9}" for name in names)
    for (provider, kind), cell in sorted(counts.items()):
        row = next((name[4:] for name in cell if name.startswith("row ")), "")
        numbers = "".join(f"{cell[name] or '':>9}" for name in names)
        yield f"{provider:24}{kind:26}{row:20}{numbers}".rstrip()


def _reasons(excluded: Sequence[Excluded]) -> Iterator[str]:
    yield "Excluded:"
    for reason, count in Counter(left.reason for left in excluded).most_common():
        yield f"{count:6}  {reason}"


def _odd(verdicts: Sequence[Verdict]) -> Iterator[str]:
    found = Counter((verdict.trial.row, verdict.odd) for verdict in verdicts if verdict.odd)
    if found:
        yield ""
        yield "Passed on unchanged, though the SDK's types expect something else:"
    for (row, what), count in found.most_common():
        yield f"{count:6}  {row}: {what}"


def _wrong(verdicts: Sequence[Verdict]) -> Iterator[str]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for verdict in verdicts:
        for what in verdict.wrong:
            found[f"{verdict.trial.row}: {what}"].append(verdict.trial.record.id)
    if found:
        yield ""
        yield "Failed:"
    for what, ids in sorted(found.items(), key=lambda entry: -len(entry[1])):
        yield f"{len(ids):6}  {what}  [{' '.join(ids[:_SHOWN])}]"


def _totals(verdicts: Sequence[Verdict], excluded: Sequence[Excluded]) -> Iterator[str]:
    passed = sum(not verdict.wrong for verdict in verdicts)
    odd = sum(bool(verdict.odd) and not verdict.wrong for verdict in verdicts)
    streams = [v for v in verdicts if v.trial.stream and not v.trial.record.refused]
    rows = {verdict.trial.row for verdict in verdicts}
    borrowed = sum(not verdict.own_door for verdict in verdicts)
    yield f"recorded {len(verdicts) + len(excluded)}, excluded {len(excluded)}"
    yield f"tried {len(verdicts)}, passed {passed}, failed {len(verdicts) - passed}"
    yield f"of those that passed, unchanged and not valid for the SDK's types: {odd}"
    yield (
        f"streams {len(streams)}, errors {sum(v.trial.record.refused for v in verdicts)}, "
        f"rows of the catalogue {len(rows)}, through a door that the row does not have {borrowed}"
    )
    yield (
        f"journeys {sum(v.journeys for v in verdicts)}, cut in pieces on purpose "
        f"{sum(v.cut for v in verdicts)}, byte for byte {sum(v.untouched for v in verdicts)}, "
        f"with nothing but their end supplied {sum(v.mended for v in verdicts)}"
    )
