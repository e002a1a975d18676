"""The story of one model request, filled in as it goes, for the log and the metrics."""

from adapters.errors import GatewayError
from adapters.types import Receipt
from routing.journey import Journey


class Visit:
    """Times in seconds of one clock."""

    key = ""
    alias = ""
    stream = False
    journey: Journey | None = None
    receipt: Receipt | None = None  # of an answer that is committed
    committed_at = 0.0  # 0: none is
    error: GatewayError | None = None
    left = False  # the client went before the end
