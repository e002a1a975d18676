"""Whoever can be told of an event: a `Log`, or something that looks like one."""

from typing import Protocol

from gateway.log import Level


class Say(Protocol):
    """A line: an event's name, and flat facts."""

    def __call__(self, event: str, /, level: Level = Level.INFO, **facts: object) -> None: ...
