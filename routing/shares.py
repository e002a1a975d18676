"""A process's share of what deployments may be used, where several count for themselves (pure).

Without a shared store none of them knows what the others have used, so each keeps to its part of
every limit: what they use together stays within it. The part is of the deployment itself rather
than of its claims on a store, so whoever looks at limits (room, waiting times, explanations) sees
the same figures. `state/guarded.py` does the like for as long as a shared store is away.
"""

from dataclasses import dataclass, replace

from routing.deployment import Budget, Deployment


@dataclass(frozen=True, slots=True)
class Share:
    """One of `of` equal processes. `number`: which one, from 0."""

    number: int = 0
    of: int = 1

    def deployment(self, deployment: Deployment) -> Deployment:
        """The same deployment, with this process's part of its limits and its budget."""
        if self.of == 1:
            return deployment
        return replace(
            deployment,
            rpm=self._part(deployment.rpm),
            tpm=self._part(deployment.tpm),
            max_parallel=self._part(deployment.max_parallel),
            budget=self.budget(deployment.budget) if deployment.budget else None,
        )

    def budget(self, budget: Budget) -> Budget:
        return replace(budget, limit=-(-budget.limit // self.of))  # nano-dollars: never none

    def _part(self, limit: int | None) -> int | None:
        """The parts of all add up to the limit, unless that is less than one for each: a process
        that may do nothing would refuse whoever comes to it.
        """
        return max(1, (limit + self.number) // self.of) if limit else limit


WHOLE = Share()
