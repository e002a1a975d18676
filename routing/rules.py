"""What each kind of failure leaves worth trying. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from adapters.errors import (
    Failure,
    Full,
    GatewayError,
    Kind,
    NoDeployment,
    NotPermitted,
    OverBudget,
    Resting,
    UnknownModel,
)


class Rule(NamedTuple):
    sibling: bool  # another deployment of the same alias may do better
    again: bool  # the same deployment may do better after a while
    fallback: bool  # another alias may do better


RULES: Mapping[Kind, Rule] = {
    Kind.TRANSIENT: Rule(sibling=True, again=True, fallback=True),
    Kind.TIMEOUT: Rule(sibling=True, again=True, fallback=True),
    Kind.RATE_LIMIT: Rule(sibling=True, again=True, fallback=True),
    Kind.BROKEN: Rule(sibling=True, again=True, fallback=True),
    Kind.QUOTA: Rule(sibling=True, again=False, fallback=True),
    Kind.CREDENTIAL: Rule(sibling=True, again=False, fallback=True),
    Kind.MODEL_GONE: Rule(sibling=True, again=False, fallback=True),
    Kind.TOO_LONG: Rule(sibling=False, again=False, fallback=True),
    Kind.BLOCKED: Rule(sibling=False, again=False, fallback=True),
    Kind.CALLER: Rule(sibling=False, again=False, fallback=False),
}
ONCE_MORE = frozenset({Kind.CALLER, Kind.MODEL_GONE})  # if the provider says so, see the README
_NOBODY = Rule(sibling=False, again=False, fallback=True)  # no attempt could be made
FINAL = Rule(sibling=False, again=False, fallback=False)


def rule_of(error: GatewayError) -> Rule:
    match error:
        case Failure(kind=kind):
            return RULES[kind]
        case Resting() | Full() | OverBudget() | NoDeployment() | NotPermitted() | UnknownModel():
            return _NOBODY
        case _:
            return FINAL
