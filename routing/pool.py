"""Deployments that are chosen from, and what follows from their configuration alone.

Worked out once, when first needed: a choice among a thousand then costs what one among two does.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import accumulate

from routing.deployment import Deployment

_METRICS: tuple[Callable[[Deployment], float | None], ...] = (
    lambda deployment: deployment.weight,
    lambda deployment: deployment.rpm,
    lambda deployment: deployment.tpm,
)


class Pool(tuple[Deployment, ...]):
    """A group, or a part of one."""

    @cached_property
    def enabled(self) -> "Pool":
        """Those that are not switched off."""
        return self._part([deployment for deployment in self if not deployment.off])

    @cached_property
    def lowest(self) -> "Pool":
        """Those of the lowest order."""
        lowest = min((deployment.order for deployment in self), default=0)
        return self._part([deployment for deployment in self if deployment.order == lowest])

    @cached_property
    def alike(self) -> bool:
        """Whether all of them can do the same, as far as that is known."""
        return not any(d.unable or d.abilities != self[0].abilities for d in self)

    @cached_property
    def weights(self) -> Sequence[float]:
        """Shares of the traffic, summed up from the first on; none: all have the same.

        The first of `weight`, `rpm`, `tpm` that anybody has decides, and whoever is without it has
        no share. LiteLLM's rule, exactly.
        """
        for metric in _METRICS:
            shares = [metric(deployment) or 0.0 for deployment in self]
            if any(shares):
                return tuple(accumulate(shares))
        return ()

    def _part(self, kept: list[Deployment]) -> "Pool":
        return self if len(kept) == len(self) else Pool(kept)


def pool(candidates: Sequence[Deployment]) -> Pool:
    return candidates if isinstance(candidates, Pool) else Pool(candidates)
