"""Who is fit for a call, whatever its load: one check after another, each able to say why nobody
is left. Pure. Which of them are made is the operator's choice.

What is only guessed never refuses a call: a prompt that may just fit is sent, and a model of which
nobody has said that it cannot see is shown the picture. A guess chooses among several.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from adapters.errors import BadRequest, Failure, GatewayError, Kind, NotPermitted
from adapters.tokens import CHARACTERS_PER_TOKEN
from adapters.types import Operation
from routing.ask import Ask
from routing.deployment import Deployment
from routing.pool import pool
from routing.regions import within

Fit: TypeAlias = Sequence[Deployment]
Keep: TypeAlias = Callable[[Fit, Ask], Fit]

DEFAULT_TAG = "default"  # deployments for calls without tags, and for tags that nobody has
_MARGIN = 1.3  # by so much an estimate of tokens may be wrong, either way
_LONGEST_LIST = 200  # characters of what the client sent that it is told again
_SAID_OTHERWISE = frozenset({"response_schema"})  # without it, a tool or a request in words does
_UNCOUNTED = frozenset({"audio_input", "pdf_input", "video_input"})  # nobody knows their tokens


@dataclass(frozen=True, slots=True)
class Check:
    """`keep` takes out those that are not fit; where nobody is left, `refusal` says why."""

    name: str  # as `explain` shows it
    keep: Keep
    refusal: Callable[[str, Fit, Ask], GatewayError]  # the alias, all that were asked, the call


@dataclass(frozen=True, slots=True)
class CheckRules:
    """Which checks config asks for; the others cost nothing where there is nothing to check."""

    window: bool = False  # enable_pre_call_checks
    tags: bool = False  # enable_tag_filtering
    any_tag: bool = True  # tag_filtering_match_any: one of the call's tags is enough


def chosen(rules: CheckRules, deployments: Fit) -> Sequence[Check]:
    """The checks to make over these deployments: what is permitted first, what is possible then."""
    made = [GROUPS, REGION]
    if rules.tags:
        made.append(tag_check(any_tag=rules.any_tag))
    if any(d.unable or d.abilities is not None or "*" in d.target.model for d in deployments):
        made.append(ABILITIES)
    if rules.window:
        made.append(WINDOW)
    return made


def _in_groups(fit: Fit, ask: Ask) -> Fit:
    """Those of an access group that the caller's key opens."""
    groups = ask.access_groups
    return fit if groups is None else [d for d in fit if d.access_groups & groups]


def _no_group(alias: str, _fit: Fit, _ask: Ask) -> NotPermitted:
    return NotPermitted(f"The key's access groups open no deployment of {alias!r}.")


def _in_region(fit: Fit, ask: Ask) -> Fit:
    """Those that are known to lie where the call may go."""
    return [d for d in fit if within(d.region, ask.region)] if ask.region else fit


def _no_region(alias: str, _fit: Fit, ask: Ask) -> NotPermitted:
    told = ask.region[:_LONGEST_LIST]
    return NotPermitted(f"No deployment of {alias!r} is known to be in the region {told!r}.")


def _able(fit: Fit, ask: Ask) -> Fit:
    """Those that can do what the call needs; of those left, the ones that are known to.

    Config's `supports_vision: false` excludes. That the catalogue does not list an ability only
    means that others, of which it does, are better.
    """
    if pool(fit).alike:  # else it matters what a call needs, and all of it must be read for that
        return fit
    needs = ask.needs
    if not needs:
        return fit
    may = [d for d in fit if not d.unable & (needs - _SAID_OTHERWISE)]
    if any(d.abilities is not None and needs <= d.abilities for d in may):
        may = [d for d in may if d.abilities is None or needs <= d.abilities]
    return [d for d in may if not d.unable & needs] or may


def _not_able(alias: str, _fit: Fit, ask: Ask) -> BadRequest:
    needs = ", ".join(sorted(ask.needs))
    return BadRequest(
        f"No deployment of {alias!r} can do what the request needs: {needs}.",
        code="unsupported_ability",
    )


def _roomy(fit: Fit, ask: Ask) -> Fit:
    """Those whose window surely holds the prompt; else those whose window may.

    The estimate is by length, so near the edge the provider decides. Attached documents and sound
    have no size that could be told from their bytes.
    """
    if ask.call.dialect.operation is not Operation.CHAT or all(d.window is None for d in fit):
        return fit
    if ask.needs & _UNCOUNTED:
        return fit
    tokens = ask.prompt_tokens(CHARACTERS_PER_TOKEN)
    if any(d.window is not None and tokens * _MARGIN <= d.window for d in fit):
        return [d for d in fit if d.window is None or tokens * _MARGIN <= d.window]
    return [d for d in fit if d.window is None or tokens <= d.window * _MARGIN]


def _too_long(alias: str, _fit: Fit, ask: Ask) -> Failure:
    tokens = ask.prompt_tokens(CHARACTERS_PER_TOKEN)
    return Failure(
        Kind.TOO_LONG,
        f"The prompt has about {tokens} tokens, more than the context window of every deployment "
        f"of {alias!r} holds.",
    )


@dataclass(frozen=True, slots=True)
class Tags:
    """A call's tags: `&eu` must be there, `!slow` must not, `paid` is looked for."""

    wanted: frozenset[str]
    required: frozenset[str]
    excluded: frozenset[str]

    @classmethod
    def of(cls, written: frozenset[str]) -> "Tags":
        return cls(
            frozenset(tag for tag in written if tag[:1] not in {"&", "!"}),
            frozenset(tag[1:] for tag in written if tag[:1] == "&" and tag[1:]),
            frozenset(tag[1:] for tag in written if tag[:1] == "!" and tag[1:]),
        )


def tag_check(*, any_tag: bool) -> Check:
    """Tags as LiteLLM has them: https://docs.litellm.ai/docs/proxy/tag_routing (read 2026-11)."""

    def keep(fit: Fit, ask: Ask) -> Fit:
        tags = Tags.of(ask.tags)
        left = [d for d in fit if tags.required <= d.tags and not tags.excluded & d.tags]
        if matching := [d for d in left if _matches(d, tags.wanted, ask.agent, any_tag=any_tag)]:
            return matching
        known = any(tags.wanted & d.tags for d in fit)
        if tags.wanted and known:  # they mean something here, and nobody who is left has them
            return ()
        defaults = [d for d in left if DEFAULT_TAG in d.tags]
        if tags.wanted:
            return defaults
        return left if tags.required else defaults or _undefaulted(fit, left)

    return Check("tags", keep, _no_tags)


def _matches(deployment: Deployment, wanted: frozenset[str], agent: str, *, any_tag: bool) -> bool:
    """By a tag, or by the client's name: that is no way around tags that must all be there."""
    has = deployment.tags
    if wanted and (wanted & has if any_tag else wanted <= has):
        return True
    if not agent or not deployment.tag_patterns or (has and not any_tag):
        return False
    header = f"User-Agent: {agent}"
    return any(pattern.search(header) for pattern in deployment.tag_patterns)


def _undefaulted(fit: Fit, left: Fit) -> Fit:
    """All that are left, unless there are defaults and these are excluded."""
    return () if any(DEFAULT_TAG in d.tags for d in fit) else left


def _no_tags(alias: str, _fit: Fit, ask: Ask) -> NotPermitted:
    told = ", ".join(sorted(ask.tags))[:_LONGEST_LIST] or "none"
    return NotPermitted(f"No deployment of {alias!r} may be used with these tags: {told}.")


GROUPS = Check("access groups", _in_groups, _no_group)
REGION = Check("region", _in_region, _no_region)
ABILITIES = Check("abilities", _able, _not_able)
WINDOW = Check("context window", _roomy, _too_long)
