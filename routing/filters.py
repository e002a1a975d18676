"""Who may be used now. Pure."""

from collections.abc import Mapping, Sequence

from routing.deployment import Deployment, Stats


def enabled(group: Sequence[Deployment]) -> Sequence[Deployment]:
    """Those that are not switched off."""
    return [deployment for deployment in group if not deployment.off]


def rested(group: Sequence[Deployment], stats: Mapping[str, Stats]) -> Sequence[Deployment]:
    """Those that are not cooling down."""
    return [deployment for deployment in group if not stats[deployment.id].cooling]


def untried(group: Sequence[Deployment], tried: Mapping[str, int]) -> Sequence[Deployment]:
    """Those that this call has not used yet."""
    return [deployment for deployment in group if deployment.id not in tried]


def lowest_order(group: Sequence[Deployment]) -> Sequence[Deployment]:
    """Those of the lowest order that is left."""
    if not group:
        return group
    lowest = min(deployment.order for deployment in group)
    return [deployment for deployment in group if deployment.order == lowest]
