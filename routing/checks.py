"""Who is fit for a call, whatever its load: one check after another, each able to say why nobody
is left. Pure. Which of them are made is the operator's choice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from adapters.errors import GatewayError
from routing.ask import Ask
from routing.deployment import Deployment

Keep: TypeAlias = Callable[[Sequence[Deployment], Ask], Sequence[Deployment]]


@dataclass(frozen=True, slots=True)
class Check:
    """`keep` takes out those that are not fit; `refusal` is told where nobody is left."""

    name: str  # as `explain` shows it
    keep: Keep
    refusal: Callable[[str, Ask], GatewayError]  # the alias, the call
