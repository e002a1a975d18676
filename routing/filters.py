"""Who may be used now. Pure."""

from collections.abc import Mapping, Sequence

from routing.deployment import Deployment, Stats
from routing.pool import Pool


def enabled(group: Sequence[Deployment]) -> Sequence[Deployment]:
    """Those that are not switched off."""
    if isinstance(group, Pool):
        return group.enabled
    return [deployment for deployment in group if not deployment.off]


def rested(
    group: Sequence[Deployment], stats: Mapping[str, Stats], *, last: bool = True
) -> Sequence[Deployment]:
    """Those that are not cooling down; of those on probation only who is not being tested, unless
    nobody else is left.

    If more than half of those that nobody asked us to leave alone are ejected by our own guess, and
    no other alias could be asked (`last`), the guess is taken for wrong: it may be our network, and
    to leave all of the traffic to a few would bring these down as well.
    """
    awake = [deployment for deployment in group if not stats[deployment.id].cooling]
    ejected = sum(stats[deployment.id].ejected for deployment in group)
    if not ejected:
        return awake
    free = [d for d in group if stats[d.id].ejected or not stats[d.id].cooling]
    if last and 2 * ejected > len(free):
        return free
    return [d for d in awake if not stats[d.id].probing] or awake


def untried(group: Sequence[Deployment], tried: Mapping[str, int]) -> Sequence[Deployment]:
    """Those that this call has not used yet."""
    if not tried:
        return group
    return [deployment for deployment in group if deployment.id not in tried]


def lowest_order(group: Sequence[Deployment]) -> Sequence[Deployment]:
    """Those of the lowest order that is left."""
    if isinstance(group, Pool):
        return group.lowest
    if not group:
        return group
    lowest = min(deployment.order for deployment in group)
    return [deployment for deployment in group if deployment.order == lowest]
