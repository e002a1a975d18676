"""What is left of a provider's allowance, projected from what it told. Pure: time is an argument.

A provider counts a request when it arrives and tells what is left in its reply. In between, others
have left: their needs are taken off until their own replies tell better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.quota import Counted, Told


@dataclass(slots=True)
class _Allowance:
    remaining: int
    limit: int | None
    whole_at: float  # when nothing of what was used counts any more


class Quota:
    """The allowances of one credential for one model."""

    def __init__(self) -> None:
        self._allowances: dict[Counted, _Allowance] = {}
        self._under_way: dict[str, tuple[int, int]] = {}  # lease -> prompt, output tokens

    def left(self, now: float) -> float:
        """The smallest share that is left of any allowance; 1 if nothing was told."""
        shares = [
            self._remaining(counted, allowance) / allowance.limit
            for counted, allowance in self._allowances.items()
            if allowance.limit and now < allowance.whole_at
        ]
        return max(0.0, min(shares, default=1.0))

    def wait(self, now: float, prompt: int, output: int) -> float:
        """Seconds until a request of that many tokens may be expected to be let in."""
        return max(
            (
                allowance.whole_at - now
                for counted, allowance in self._allowances.items()
                if now < allowance.whole_at
                and self._remaining(counted, allowance)
                < min(_need(counted, prompt, output), allowance.limit or 2**62)
            ),
            default=0.0,
        )

    def took(self, lease: str, prompt: int, output: int) -> None:
        """A request has left."""
        self._under_way[lease] = (prompt, output)

    def gone(self, lease: str) -> None:
        """It was answered, or came to nothing."""
        self._under_way.pop(lease, None)

    def told(self, now: float, allowances: Sequence[Told]) -> None:
        for said in allowances:
            whole_at = now + (said.resets_s if said.resets_s is not None else 0.0)
            self._allowances[said.counted] = _Allowance(said.remaining, said.limit, whole_at)

    def _remaining(self, counted: Counted, allowance: _Allowance) -> int:
        under_way = sum(_need(counted, *tokens) for tokens in self._under_way.values())
        return allowance.remaining - under_way


def _need(counted: Counted, prompt: int, output: int) -> int:
    match counted:
        case Counted.REQUESTS:
            return 1
        case Counted.INPUT:
            return prompt
        case Counted.OUTPUT:
            return output
        case _:
            return prompt + output
