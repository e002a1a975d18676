"""What is left of the limits that config declares for a deployment, as headers of its reply.

In the names that OpenAI's clients pace themselves by, as LiteLLM's router writes them: in place of
what the provider says of the same thing. A minute's use, as this process knows it.

Source: https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers (read 2026-11).
"""

from collections.abc import Iterator

from gateway.exchange import Headers
from routing.deployment import Deployment
from routing.limits import Limits


def with_allowance(
    headers: Headers, deployment: Deployment, limits: Limits
) -> list[tuple[bytes, bytes]]:
    """A reply's headers, with our own limits instead of the provider's of the same names."""
    own = dict(_told(deployment, limits))
    return [*(header for header in headers if header[0] not in own), *own.items()]


def _told(deployment: Deployment, limits: Limits) -> Iterator[tuple[bytes, bytes]]:
    requests, tokens = limits.used(deployment)
    declared = ((b"requests", deployment.rpm, requests), (b"tokens", deployment.tpm, tokens))
    for what, limit, used in declared:
        if limit is not None:
            yield b"x-ratelimit-limit-" + what, b"%d" % limit
            yield b"x-ratelimit-remaining-" + what, b"%d" % max(0, limit - used)
