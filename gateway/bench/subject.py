"""What is measured: one alias of the configuration, and its deployments. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapters.errors import UnknownModel
from gateway.bench.errors import CannotMeasure
from gateway.bench.pointed import native
from gateway.config.keys import nearest
from gateway.config.settings import Settings
from gateway.ledger.models import Models
from routing.deployment import Deployment
from routing.groups import Groups

_CHATTING = frozenset({"", "chat", "completion", "responses"})
_STAND_IN = "bench"  # for the star of a wildcard


@dataclass(frozen=True, slots=True)
class Subject:
    alias: str
    deployments: tuple[str, ...]  # each a line for people
    notes: tuple[str, ...]  # what is not as it would be in production


def subject(settings: Settings, models: Models, alias: str, *, with_state: bool) -> Subject:
    """The alias asked for, or the first that can be used.

    Raises:
        CannotMeasure: there is no such alias, or it cannot be used.
    """
    aliases = {name: alias.name for name, alias in settings.aliases.items()}
    grouped = (model.deployment for model in settings.strategies.groups)
    groups = Groups((*settings.deployments, *grouped), aliases)
    name = alias or _first(settings, models)
    try:
        found = groups.find(name)
    except UnknownModel:
        known = sorted({d.alias for d in settings.deployments} | aliases.keys())
        said = nearest(name, known) or f"; there are: {', '.join(known[:10])}"
        raise CannotMeasure(f"the model {name!r} is not configured{said}") from None
    usable = [deployment for deployment in found if not deployment.off]
    if not usable:
        raise CannotMeasure(f"{name!r} is off: {found[0].off}")
    if mode := next((m for d in usable if (m := _mode(settings, models, d)) not in _CHATTING), ""):
        raise CannotMeasure(f"the bench asks for chat, and {name!r} is a model for {mode}")
    lines = tuple(_line(settings, deployment) for deployment in usable)
    return Subject(name, lines, tuple(_notes(settings, found, with_state=with_state)))


def _first(settings: Settings, models: Models) -> str:
    """Names before wildcards."""
    fit = [
        deployment
        for deployment in settings.deployments
        if not deployment.off and _mode(settings, models, deployment) in _CHATTING
    ]
    if not fit:
        off = next((f": {d.alias!r} is off: {d.off}" for d in settings.deployments if d.off), "")
        raise CannotMeasure(f"no model for chat can be used{off}")
    chosen = next((d for d in fit if "*" not in d.alias), fit[0])
    return chosen.alias.replace("*", _STAND_IN)


def _mode(settings: Settings, models: Models, deployment: Deployment) -> str:
    info = next((m for m in settings.models if m.deployment.id == deployment.id), None)
    written = info.model_info.get("mode") if info else None
    base = info.base_model if info else ""
    known = models.find(deployment.target.provider, base or deployment.target.model)
    return str(written or (known.mode if known else ""))


def _line(settings: Settings, deployment: Deployment) -> str:
    """Which model it is, and in which dialect it is measured."""
    target = deployment.target
    spoken = native(settings.providers[target.provider], target)
    how = str(spoken[0]) if spoken else "measured as if OpenAI-shaped"
    return f"{target.provider}/{target.model} ({how})"


def _notes(
    settings: Settings, deployments: Sequence[Deployment], *, with_state: bool
) -> Iterator[str]:
    """Said in the report, each a sentence."""
    yield (
        "Providers are exchanged for one on this machine that answers at once, keys for one that "
        "nobody has; signing in (AWS, Google, Entra) is left out, and the log goes nowhere."
    )
    if off := sum(bool(d.off) for d in deployments):
        yield f"Left out, because off: {off} of {len(deployments)} deployments."
    if any(d.limited or d.budget for d in settings.deployments) or settings.budgets:
        yield "Declared limits and budgets are counted, but raised a million times: none refuses."
    if settings.redis and with_state:
        yield (
            f"State is shared through {settings.redis}, under a name of this bench's own; what it "
            "leaves there expires."
        )
    elif settings.redis:
        yield (
            f"{settings.redis} is not touched: what processes share stays in memory. With "
            "--with-state it is used."
        )
