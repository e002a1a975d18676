"""Where a deployment is, as far as its provider's names and options tell. Pure."""

import re

from adapters.provider import Provider
from adapters.types import Target

_OPTIONS = ("aws_region_name", "vertex_ai_location", "vertex_location", "watsonx_region_name")
_ANYWHERE = "global"
_SPREAD = re.compile(  # Bedrock's inference over several regions
    r"(?:^|/)(global|us-gov|us|eu|apac|au|jp|ca)\."
)


def place(provider: Provider, target: Target) -> str:
    """A region, or the group of regions that a model is served in; nothing if that is not known,
    or anywhere.
    """
    if provider.name.startswith("bedrock") and (spread := _SPREAD.search(target.model)):
        found = spread[1].partition("-")[0]
    else:
        settled = provider.settled(target) if provider.settled else target
        options = settled.options
        found = next((options[name] for name in _OPTIONS if options.get(name)), "")
    return "" if found == _ANYWHERE else found
