"""From the name a client asks for to the deployments that may serve it.

Names are tried in this order, as LiteLLM does: a deployment's id, a group alias, a `model_name`,
a wildcard (the most specific first), and at last the provider's own `provider/model`, which some
clients offer beside the alias.
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from adapters.errors import UnknownModel
from routing.deployment import Deployment
from routing.pool import Pool

_REMEMBERED = 1000  # resolved wildcard names; clients choose them, so there must be an end
_LONGEST_NAME = 500  # that a wildcard serves: matching costs more than a name's length


@dataclass(frozen=True, slots=True)
class _Wildcard:
    pattern: re.Pattern[str]
    deployments: tuple[Deployment, ...]


class Groups:
    """All names of one configuration. Built once; looking up is a dictionary access.

    A deployment may be there more than once, under different names. `stated` adds what is known of
    a wildcard's model, once its name is.
    """

    def __init__(
        self,
        deployments: Sequence[Deployment],
        aliases: Mapping[str, str],
        stated: Callable[[Deployment], Deployment] = lambda deployment: deployment,
    ) -> None:
        by_alias: dict[str, tuple[Deployment, ...]] = {}
        for deployment in deployments:
            by_alias[deployment.alias] = (*by_alias.get(deployment.alias, ()), deployment)
        self._wildcards = [
            _Wildcard(_pattern(name), by_alias[name])
            for name in sorted(by_alias, key=_specificity)
            if "*" in name
        ]
        exact = {name: group for name, group in by_alias.items() if "*" not in name}
        whole = [deployment for deployment in deployments if "*" not in deployment.target.model]
        by_model: dict[str, tuple[Deployment, ...]] = {}
        for deployment in whole:
            model = f"{deployment.target.provider}/{deployment.target.model}"
            if not self._wildcard(model) and not _is_in(deployment, by_model.get(model, ())):
                by_model[model] = (*by_model.get(model, ()), deployment)
        named = {
            **by_model,
            **exact,
            **{name: exact[to] for name, to in aliases.items() if to in exact},
            **{deployment.id: (deployment,) for deployment in reversed(whole)},
        }
        self._named = {name: Pool(group) for name, group in named.items()}
        self._aliases = aliases
        self._stated = stated
        self._resolved: dict[str, Pool] = {}
        self.deployments = tuple(deployments)

    @property
    def names(self) -> Set[str]:
        """Every name that is configured, wildcards aside."""
        return self._named.keys()

    def find(self, name: str) -> Sequence[Deployment]:
        """The deployments that serve `name`, usable or not; never none.

        Raises:
            UnknownModel: nothing is configured under that name.
        """
        group = self._named.get(name) or self._resolved.get(name)
        return group or self._resolve(name)

    def _resolve(self, name: str) -> Sequence[Deployment]:
        asked = self._aliases.get(name, name)
        match = self._wildcard(asked) if len(asked) <= _LONGEST_NAME else None
        if match is None:
            raise UnknownModel(
                f"The model {name[:_LONGEST_NAME]!r} is not configured here. "
                "GET /v1/models lists what is."
            )
        wildcard, captures = match
        group = Pool(self._stated(_filled(d, asked, captures)) for d in wildcard.deployments)
        if len(self._resolved) >= _REMEMBERED:
            self._resolved.clear()
        self._resolved[name] = group
        return group

    def _wildcard(self, name: str) -> tuple[_Wildcard, tuple[str, ...]] | None:
        """The most specific wildcard that fits, and what its stars stand for."""
        for wildcard in self._wildcards:
            if found := wildcard.pattern.fullmatch(name):
                return wildcard, found.groups()
        return None


def _is_in(deployment: Deployment, group: Sequence[Deployment]) -> bool:
    return any(other.id == deployment.id for other in group)


def _filled(wild: Deployment, asked: str, captures: tuple[str, ...]) -> Deployment:
    """The deployment with the provider's model name completed from what was asked for.

    It never rests: one name that the provider does not know says nothing about the others.
    """
    model = wild.target.model
    if "*" in model:
        if model.count("*") == len(captures):
            parts = model.split("*")
            model = parts[0] + "".join(c + p for c, p in zip(captures, parts[1:], strict=True))
        else:
            model = asked
    return replace(wild, target=replace(wild.target, model=model), cooldown_s=0.0)


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("(.*)".join(re.escape(part) for part in name.split("*")), re.DOTALL)


def _specificity(name: str) -> tuple[int, int]:
    """Sorts the longest first, then the one with the fewest stars."""
    return (-len(name.replace("*", "")), name.count("*"))
