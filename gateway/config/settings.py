"""What a configuration means, once read: frozen, complete, without a trace of YAML."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.provider import Provider
from routing.affinity import AffinityRules
from routing.checks import CheckRules
from routing.deployment import Budget, Deployment
from routing.policy import Policy, RestRules
from routing.state.address import RedisAddress


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What `/model/info` says of one deployment, beyond what the catalogue of models knows."""

    deployment: Deployment
    litellm_params: Mapping[str, object]  # as written, without secrets
    model_info: Mapping[str, object]  # as written: limits, prices and flags that override ours
    base_model: str = ""  # the model to look up limits and prices of


SHUFFLE = "simple-shuffle"


@dataclass(frozen=True, slots=True)
class Named:
    """A strategy that config names, its options, and where it does."""

    name: str = SHUFFLE
    args: Mapping[str, object] = field(default_factory=dict)
    path: str = "router_settings.routing_strategy"
    args_path: str = "router_settings.routing_strategy_args"


@dataclass(frozen=True, slots=True)
class Strategies:
    """What chooses, for whom. A routing group can be asked for by its name, like a model."""

    usual: Named = Named()
    own: Mapping[str, Named] = field(default_factory=dict)  # of models and groups that have one
    groups: tuple[ModelInfo, ...] = ()  # their deployments once more, under the groups' names


@dataclass(frozen=True, slots=True)
class Alias:
    """`router_settings.model_group_alias`: another name for a group."""

    name: str
    hidden: bool = False  # not listed by /v1/models


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the object graph is built from. Durations in seconds, sizes in bytes."""

    models: tuple[ModelInfo, ...] = ()
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    providers: Mapping[str, Provider] = field(default_factory=dict)  # those in use
    strategies: Strategies = Strategies()
    policy: Policy = field(default_factory=Policy)
    rest: RestRules = field(default_factory=RestRules)
    checks: CheckRules = field(default_factory=CheckRules)
    affinity: AffinityRules = field(default_factory=AffinityRules)
    budgets: Mapping[str, Budget] = field(default_factory=dict)  # of providers
    region: str = ""  # where every call must be answered
    priority: int = 0  # of calls that name none; the lowest is served first
    redis: RedisAddress | None = None  # where processes share what they know; None: they do not
    master_key: str = field(default="", repr=False)  # empty: no key is asked for
    key_header: str = ""  # litellm_key_header_name, lower case
    max_body_bytes: int = 32 * 2**20
    keepalive: float = 15.0  # seconds of silence before a comment or a ping; 0: never
    anthropic_ping: float = 15.0
    early_commit: float = 0.0  # commit the 200 after so much silence; 0: only with the first event
    write_timeout: float = 60.0  # a client that takes nothing for so long is cut off
    body_timeout: float = 60.0  # a client has so long to send its whole body
    fetch_images: bool = False  # by address, for providers that take bytes only
    response_model_alias: bool = False  # rewrite `model` in replies to the alias asked for
    json_logs: bool | None = None  # None: JSON unless a terminal is looking

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        return tuple(model.deployment for model in self.models)


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth saying about one place in the file: `path` is `model_list[2].model_name`."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


class ConfigError(Exception):
    """The configuration cannot be used. `problems` lists everything that is wrong, at once."""

    def __init__(self, source: str, problems: tuple[Note, ...]) -> None:
        super().__init__("\n".join(f"{source}: {problem}" for problem in problems))
        self.source = source
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used, and what its reader should know about it."""

    settings: Settings
    warnings: tuple[Note, ...] = ()
    served: tuple[str, ...] = ()  # paths of keys that have an effect
    unserved: tuple[Note, ...] = ()  # keys of LiteLLM that are accepted without effect
