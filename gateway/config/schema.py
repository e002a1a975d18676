"""The file as LiteLLM writes it. The only place where pydantic is used.

The fields are the keys that are served; what else stands in a section is kept aside
(`model_extra`) and judged with the tables of `keys.py`. A field without a value counts as absent.

Source: https://docs.litellm.ai/docs/proxy/config_settings (read 2026-11).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticKnownError

from gateway.config.findings import Findings, Where
from gateway.config.secrets import is_secret


def _no_bool(value: Any) -> Any:
    """`rpm: yes` is not 1."""
    if isinstance(value, bool):
        raise PydanticKnownError("float_type")
    return value


def _no_bool_whole(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticKnownError("int_type")
    return value


def _name(value: Any) -> Any:
    """LiteLLM's own examples write `id: 1`."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, BeforeValidator(_no_bool_whole), Field(ge=0)]
Whole = Annotated[int, BeforeValidator(_no_bool_whole)]
AtLeastOne = Annotated[int, BeforeValidator(_no_bool_whole), Field(ge=1)]
Port = Annotated[int, BeforeValidator(_no_bool_whole), Field(ge=1, le=65535)]
Amount = Annotated[float, BeforeValidator(_no_bool), Field(ge=0)]
Positive = Annotated[float, BeforeValidator(_no_bool), Field(gt=0)]
Seconds = Positive
Counts = dict[str, Count | None]


class Section(BaseModel):
    """Unknown keys are kept, values may be written as text (`rpm: "10"`), infinity is refused."""

    model_config = ConfigDict(
        extra="allow", frozen=True, allow_inf_nan=False, protected_namespaces=()
    )


class LitellmParams(Section):
    """`litellm_params`. What is neither here nor known as unserved is a default for the body.

    Keys and addresses may be empty: some write `api_key: ""` for a server that wants none.
    """

    model: Text
    api_key: str | None = None
    api_base: str | None = None
    base_url: str | None = None
    api_version: str | None = None
    organization: Annotated[list[Text], BeforeValidator(_several)] | None = None
    custom_llm_provider: Text | None = None
    litellm_credential_name: Text | None = None
    rpm: Count | None = None
    tpm: Count | None = None
    max_parallel_requests: AtLeastOne | None = None
    weight: Amount | None = None
    order: Whole | None = None
    timeout: Seconds | None = None
    request_timeout: Seconds | None = None
    stream_timeout: Seconds | None = None
    stream_idle_timeout: Seconds | None = None  # ours
    connect_timeout: Seconds | None = None  # ours
    max_retries: Count | None = None
    num_retries: Count | None = None
    cooldown_time: Amount | None = None
    headers: dict[str, str] | None = None
    extra_headers: dict[str, str] | None = None
    extra_body: dict[str, Any] | None = None
    drop_params: bool | None = None
    additional_drop_params: list[Text] | None = None
    allowed_openai_params: list[Text] | None = None
    region_name: Text | None = None
    tags: Annotated[list[Text], BeforeValidator(_several)] | None = None
    tag_regex: Annotated[list[Text], BeforeValidator(_several)] | None = None
    max_budget: Amount | None = None
    budget_duration: Text | None = None
    modify_params: bool | None = None
    mock_response: str | None = None


class ModelInfo(Section):
    """`model_info`. Limits, prices and what a user adds are kept as they are."""

    id: Annotated[Text, BeforeValidator(_name)] | None = None
    base_model: Text | None = None
    mode: Text | None = None
    order: Whole | None = None
    cooldown_time: Amount | None = None
    allowed_fails: Count | None = None
    allowed_fails_policy: Counts | None = None
    blocked: bool | None = None
    supports_reasoning: bool | None = None
    max_input_tokens: Count | None = None
    access_groups: Annotated[list[Text], BeforeValidator(_several)] | None = None


class ModelEntry(Section):
    """One entry of `model_list`. `rpm` and `tpm` may stand beside `litellm_params`."""

    model_name: Text
    litellm_params: dict[str, Any]
    model_info: dict[str, Any] = {}
    rpm: Any = None
    tpm: Any = None


class Routing(Section):
    """What `router_settings` and `litellm_settings` have in common; the former wins."""

    routing_strategy: Text | None = None
    num_retries: Count | None = None
    timeout: Seconds | None = None
    request_timeout: Seconds | None = None
    stream_timeout: Seconds | None = None
    retry_after: Amount | None = None
    max_fallbacks: Count | None = None
    allowed_fails: Count | None = None
    cooldown_time: Amount | None = None
    disable_cooldowns: bool | None = None
    drop_params: bool | None = None
    modify_params: bool | None = None
    fallbacks: Any = None
    default_fallbacks: Any = None
    context_window_fallbacks: Any = None
    content_policy_fallbacks: Any = None
    model_group_alias: dict[str, Any] | None = None


class RoutingGroup(Section):
    """One entry of `routing_groups`."""

    group_name: Text
    models: Annotated[list[Text], Field(min_length=1)]
    routing_strategy: Text
    routing_strategy_args: dict[str, Any] | None = None
    model_priorities: dict[str, Count] | None = None


class Hedging(Section):
    """`router_settings.hedging`, ours."""

    enabled: bool | None = None
    percentile: Annotated[float, BeforeValidator(_no_bool), Field(gt=0, le=100)] | None = None
    max_share: Annotated[float, BeforeValidator(_no_bool), Field(ge=0, le=1)] | None = None


class RouterSettings(Routing):
    routing_strategy_args: dict[str, Any] | None = None
    routing_groups: Any = None
    allowed_fails_policy: Counts | None = None
    retry_policy: Counts | None = None
    model_group_retry_policy: dict[str, Counts] | None = None
    retry_budget: bool | None = None  # ours
    hedging: Hedging | None = None  # ours
    mid_stream_fallback: Literal["continue", "error"] | None = None  # ours
    enable_mid_stream_fallback_continuation: bool | None = None
    default_max_parallel_requests: AtLeastOne | None = None
    default_priority: Count | None = None
    enable_pre_call_checks: bool | None = None
    optional_pre_call_checks: list[Text] | None = None
    enable_tag_filtering: bool | None = None
    tag_filtering_match_any: bool | None = None
    deployment_affinity_ttl_seconds: Seconds | None = None
    provider_budget_config: dict[str, Any] | None = None
    allowed_model_region: Text | None = None  # ours: LiteLLM has it for keys only
    redis_host: Text | None = None
    redis_port: Port | None = None
    redis_password: str | None = None
    redis_url: Text | None = None
    redis_db: Count | None = None


class ProviderBudget(Section):
    """One entry of `provider_budget_config`; LiteLLM takes either pair of names."""

    budget_limit: Amount | None = None
    time_period: Text | None = None
    max_budget: Amount | None = None
    budget_duration: Text | None = None


class CacheParams(Section):
    """`litellm_settings.cache_params` of type `redis`: where the processes meet."""

    type: Literal["redis"] | None = None
    host: Text | None = None
    port: Port | None = None
    username: str | None = None
    password: str | None = None
    url: Text | None = None
    db: Count | None = None
    ssl: bool | None = None
    namespace: str | None = None


class LitellmSettings(Routing):
    cache_params: dict[str, Any] | None = None
    sse_keepalive_ping_interval_seconds: Amount | None = None
    anthropic_sse_ping_interval_seconds: Amount | None = None
    json_logs: bool | None = None


class GeneralSettings(Section):
    master_key: Text | None = None
    litellm_key_header_name: Text | None = None
    max_request_size_mb: Positive | None = None
    response_model: Literal["provider", "alias"] | None = None  # ours
    fetch_images: bool | None = None  # ours


class Credential(Section):
    credential_name: Text
    credential_values: dict[str, Any]
    credential_info: Any = None


class File(Section):
    """The sections. They are read one by one, so that a fault in one hides none in another."""

    model_list: Any = None
    litellm_settings: Any = None
    router_settings: Any = None
    general_settings: Any = None
    environment_variables: Any = None
    credential_list: Any = None
    include: Any = None


Kind = TypeVar("Kind", bound=Section)


def parse(
    kind: type[Kind], data: Mapping[str, Any], where: Where, findings: Findings
) -> Kind | None:
    """Read a section; None if anything in it is wrong, and `findings` says what."""
    given = {key: value for key, value in data.items() if value is not None}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            findings.problem((*where, *detail["loc"]), _say(detail))
        return None


_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "bool": "true or false",
    "string": "text",
    "list": "a list",
    "dict": "a mapping",
}


def _say(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "is missing"
        case "string_too_short":
            return "is empty"
        case "greater_than":
            return f"must be greater than {context['gt']:g}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}"
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}"
        case "literal_error":
            return f"expected {context['expected']}, got {detail['input']!r}"
        case kind:
            expected = _EXPECTED.get(kind) or _EXPECTED.get(kind.split("_")[0])
            return f"expected {expected}{_got(detail)}" if expected else detail["msg"]


def _got(detail: ErrorDetails) -> str:
    """What was found instead, unless it might be a secret."""
    value = detail["input"]
    quotes = (
        "; put it in quotes"
        if detail["type"] == "string_type" and isinstance(value, int | float)
        else ""
    )
    if any(isinstance(part, str) and is_secret(part) for part in detail["loc"]):
        return quotes
    match value:
        case dict():
            return ", got a mapping"
        case list():
            return ", got a list"
        case None:
            return ", got nothing"
        case bool():
            return f", got {str(value).lower()}{quotes}"
    return f", got {value!r}{quotes}"
