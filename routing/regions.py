"""Which part of the world a region lies in, whatever its provider calls it. Pure.

`eu` and `us` are LiteLLM's groups: `eu` is where providers speak of Europe, London and Zurich
included. A place that may lie anywhere (`global`) is in neither.

Sources, read 2026-11: https://docs.aws.amazon.com/general/latest/gr/bedrock.html,
https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations,
https://learn.microsoft.com/azure/reliability/regions-list
"""

import re

from adapters.errors import NotPermitted

_EU = re.compile(
    r"eu|eu(?:sc)?-.*|europe-.*|(?:north|west)europe"
    r"|(?:austria|belgium|france|germany|italy|norway|poland|spain|sweden|switzerland|uk)[a-z]*\d*"
)
_US = re.compile(r"us|us-.*|(?:north|south|east|west|central)*us\d*(?:euap)?|usgov[a-z]*")


def area(region: str) -> str:
    """`eu`, `us`, or nothing where it is neither or not known."""
    name = region.lower().replace(" ", "")
    if _EU.fullmatch(name):
        return "eu"
    return "us" if _US.fullmatch(name) else ""


def within(region: str, allowed: str) -> bool:
    """Whether a region is the one that is allowed, or lies in that part of the world.

    One that is not known lies nowhere: who asks for Europe wants to be sure.
    """
    name, allowed = region.lower().replace(" ", ""), allowed.lower().replace(" ", "")
    return bool(name) and (name == allowed or area(name) == allowed)


def narrowed(general: str, asked: str) -> str:
    """The region for a call where config says `general` and the client `asked`.

    Raises:
        NotPermitted: what is asked for lies elsewhere.
    """
    if not (general and asked):
        return general or asked
    if within(asked, general):
        return asked
    if within(general, asked):
        return general
    raise NotPermitted(f"Here requests may only be answered in the region {general!r}.")
