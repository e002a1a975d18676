"""What a deployment lacks that a check has taken it out, in words. Pure."""

from collections.abc import Callable, Mapping

from adapters.tokens import CHARACTERS_PER_TOKEN
from routing.ask import Ask
from routing.checks import ABILITIES, GROUPS, REGION, WINDOW
from routing.deployment import Deployment

_MOST = 10  # names in one list


def missing(check: str, deployment: Deployment, ask: Ask) -> str:
    """For a check of that name; of one that is not known here, no more than that it was made."""
    words = _WORDS.get(check)
    return words(deployment, ask) if words else "taken out by this check"


def _group(deployment: Deployment, ask: Ask) -> str:
    wanted = _list(ask.access_groups or ())
    return f"in the access groups {_list(deployment.access_groups)}; the key opens {wanted}"


def _region(deployment: Deployment, ask: Ask) -> str:
    return f"lies in {deployment.region or 'no region that is known'}, asked for is {ask.region}"


def _tags(deployment: Deployment, ask: Ask) -> str:
    return f"has the tags {_list(deployment.tags)}; asked for are {_list(ask.tags)}"


def _ability(deployment: Deployment, ask: Ask) -> str:
    if refused := ask.needs & deployment.unable:
        return f"lacks {_list(refused)}, as configured"
    lacking = ask.needs - (deployment.abilities or frozenset())
    return f"is not known to have {_list(lacking)}, others are"


def _window(deployment: Deployment, ask: Ask) -> str:
    tokens = ask.prompt_tokens(CHARACTERS_PER_TOKEN)
    return f"holds {deployment.window} tokens, the prompt has about {tokens}"


def _budget(deployment: Deployment, _: Ask) -> str:
    return f"its budget, or that of {deployment.target.provider}, is used up"


def _list(names: frozenset[str] | tuple[()]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - _MOST} more" if len(shown) > _MOST else ""
    return ", ".join(shown[:_MOST]) + more if shown else "none"


_WORDS: Mapping[str, Callable[[Deployment, Ask], str]] = {
    GROUPS.name: _group,
    REGION.name: _region,
    "tags": _tags,
    ABILITIES.name: _ability,
    WINDOW.name: _window,
    "budgets": _budget,
}
