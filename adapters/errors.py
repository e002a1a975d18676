"""What can go wrong, in one tree. Nothing outside this file invents a status code.

GatewayError
├── BadRequest           400  the caller's fault; never retried
│   └── TooLarge         413  the body is over the limit
├── NotAuthorised        401  unknown or missing gateway key
├── NotFound             404  no such path
├── WrongMethod          405  a path of ours, but not so
├── UnknownModel         404  no alias, wildcard or deployment id of that name
├── Resting              429  every deployment is cooling down; `retry_after` says for how long
├── Full                 429  every deployment is used to its limit; `retry_after` as above
├── OverBudget           429  every deployment, or its provider, has used up its budget
├── NotPermitted         403  tags or access groups leave nobody for this caller
├── NoDeployment         503  every deployment is switched off or excluded
├── ShuttingDown         503  this process is going; ask again and another will answer
├── Internal             500  a bug of ours; the log says more
└── Failure              by kind, see `STATUS`: one attempt at one deployment failed
"""

from collections.abc import Mapping
from enum import StrEnum

ODD = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What code that trusts shapes raises at a shape that nobody foresaw."""


class Kind(StrEnum):
    """Why an attempt failed. Routing decides by kind alone, never by status code."""

    TRANSIENT = "transient"  # 5xx, connection refused or reset, 529 overloaded
    TIMEOUT = "timeout"  # nothing arrived within the time allowed
    RATE_LIMIT = "rate_limit"  # the provider said slow down; capacity returns by itself
    QUOTA = "quota"  # the account is out of money; waiting does not help
    CREDENTIAL = "credential"  # the provider rejected our key
    MODEL_GONE = "model_gone"  # this key cannot reach this model, or it was retired
    TOO_LONG = "too_long"  # the prompt exceeds the context window
    BLOCKED = "blocked"  # the provider's content policy refused
    CALLER = "caller"  # the request itself is wrong; nobody would serve it
    BROKEN = "broken"  # the reply could not be read, or broke off half-way


STATUS: Mapping[Kind, int] = {
    Kind.TRANSIENT: 502,
    Kind.TIMEOUT: 504,
    Kind.RATE_LIMIT: 429,
    Kind.QUOTA: 502,  # our account, not the client's: 402 or 429 would tell it to pay or to wait
    Kind.CREDENTIAL: 502,  # our key: a 401 would tell the client to change its own
    Kind.MODEL_GONE: 404,
    Kind.TOO_LONG: 400,
    Kind.BLOCKED: 400,
    Kind.CALLER: 400,
    Kind.BROKEN: 502,
}


class GatewayError(Exception):
    """Base of every error we raise on purpose. `message` is meant for the client's eyes."""

    status = 500
    type = "server_error"  # OpenAI's `error.type`
    code: str | None = None  # OpenAI's `error.code`
    param: str | None = None  # the field at fault, as `messages[2].content`

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after  # seconds

    def let_go(self) -> None:
        """Forget where it came from. Whoever keeps an error keeps all that was at work there, and
        where that keeps the error, only the garbage collector ever finds them.
        """
        self.__traceback__ = self.__context__ = self.__cause__ = None


class BadRequest(GatewayError):
    status = 400
    type = "invalid_request_error"

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class TooLarge(BadRequest):
    status = 413


class NotAuthorised(GatewayError):
    status = 401
    type = "authentication_error"
    code = "invalid_api_key"


class NotFound(GatewayError):
    status = 404
    type = "invalid_request_error"
    code = "not_found"


class WrongMethod(GatewayError):
    status = 405
    type = "invalid_request_error"
    code = "method_not_allowed"


class UnknownModel(GatewayError):
    status = 404
    type = "invalid_request_error"
    code = "model_not_found"
    param = "model"


class Resting(GatewayError):
    status = 429
    type = "rate_limit_error"
    code = "all_deployments_in_cooldown"


class Full(GatewayError):
    status = 429
    type = "rate_limit_error"
    code = "deployments_at_capacity"


class OverBudget(GatewayError):
    status = 429  # as LiteLLM: money comes back with the next period
    type = "budget_exceeded"
    code = "budget_exceeded"


class NotPermitted(GatewayError):
    status = 403  # LiteLLM says 401, which would tell the client to change its key
    type = "invalid_request_error"
    code = "not_allowed"


class NoDeployment(GatewayError):
    status = 503
    type = "service_unavailable"
    code = "no_deployment"


class ShuttingDown(GatewayError):
    status = 503
    type = "service_unavailable"
    code = "server_shutting_down"


class Internal(GatewayError):
    code = "internal_error"


class Failure(GatewayError):
    """One attempt at one deployment failed.

    `message`, `param` and, for the caller's own mistakes, `status`, `type` and `code` are the
    provider's words, because programs search them.

    `again` is the provider's word on whether this request is worth repeating there (None: it has
    not said), `overloaded` that it has too much to do, whatever the status.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        provider: str = "",
        upstream_status: int | None = None,
        type: str | None = None,
        code: str | None = None,
        param: str | None = None,
        retry_after: float | None = None,
        again: bool | None = None,
        overloaded: bool = False,
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.again = again
        self.overloaded = overloaded
        self.kind = kind
        self.provider = provider
        self.upstream_status = upstream_status
        self.status = STATUS[kind]
        if kind is Kind.CALLER and upstream_status in {404, 409, 413, 415, 422}:
            self.status = upstream_status
        self.type, self.code = _TYPES[kind]
        if kind in _PROVIDERS_WORDS:
            self.type = type or self.type
            self.code = code or self.code
        self.param = param


_PROVIDERS_WORDS = frozenset({Kind.CALLER, Kind.BLOCKED, Kind.RATE_LIMIT})
_TYPES: Mapping[Kind, tuple[str, str | None]] = {
    Kind.TRANSIENT: ("upstream_error", "upstream_unavailable"),
    Kind.TIMEOUT: ("timeout_error", "upstream_timeout"),
    Kind.RATE_LIMIT: ("rate_limit_error", "rate_limit_exceeded"),
    Kind.QUOTA: ("upstream_error", "upstream_quota"),
    Kind.CREDENTIAL: ("upstream_error", "upstream_credential"),
    Kind.MODEL_GONE: ("invalid_request_error", "model_not_found"),
    Kind.TOO_LONG: ("invalid_request_error", "context_length_exceeded"),
    Kind.BLOCKED: ("invalid_request_error", "content_policy_violation"),
    Kind.CALLER: ("invalid_request_error", None),
    Kind.BROKEN: ("upstream_error", "upstream_broken"),
}
