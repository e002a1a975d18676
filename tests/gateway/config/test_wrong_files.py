"""Wrong configurations, and what is said of them."""

from pathlib import Path

import pytest

from gateway.config.settings import ConfigError
from tests.gateway.config.worlds import problems, read

MODEL = """\
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
"""  # four lines: what is appended starts in the fifth
PARAM = "model_list[0].litellm_params"

CASES: dict[str, tuple[str, list[str]]] = {
    "a word for a number": (
        MODEL + "      rpm: abc\n",
        [f"config.yaml:5 {PARAM}.rpm: expected a whole number, got 'abc'"],
    ),
    "half a request per minute": (
        MODEL + "      rpm: 1.5\n",
        [f"config.yaml:5 {PARAM}.rpm: expected a whole number, got 1.5"],
    ),
    "yes is not 1": (
        MODEL + "      tpm: yes\n",
        [f"config.yaml:5 {PARAM}.tpm: expected a whole number, got true"],
    ),
    "a negative weight": (
        MODEL + "      weight: -1\n",
        [f"config.yaml:5 {PARAM}.weight: must be at least 0"],
    ),
    "no time at all": (
        MODEL + "      timeout: 0\n",
        [f"config.yaml:5 {PARAM}.timeout: must be greater than 0"],
    ),
    "endless time": (
        MODEL + "      timeout: .inf\n",
        [f"config.yaml:5 {PARAM}.timeout: expected a finite number, got inf"],
    ),
    "a mapping for a list": (
        MODEL + "      additional_drop_params: {a: b}\n",
        [f"config.yaml:5 {PARAM}.additional_drop_params: expected a list, got a mapping"],
    ),
    "a pattern that is none": (
        MODEL + '      tag_regex: ["^ok", "(open"]\n',
        [
            f"config.yaml:5 {PARAM}.tag_regex[1]: not a regular expression: "
            "missing ), unterminated subpattern at position 0"
        ],
    ),
    "a budget for an unknown time": (
        MODEL + "      max_budget: 5\n      budget_duration: 1 fortnight\n",
        [
            f"config.yaml:6 {PARAM}.budget_duration: expected a duration like 24h, 7d or 1mo, "
            "got '1 fortnight'"
        ],
    ),
    "half a budget": (
        MODEL + "router_settings:\n  provider_budget_config: {openai: {budget_limit: 5}}\n",
        [
            "config.yaml:6 router_settings.provider_budget_config.openai: "
            "needs budget_limit and time_period"
        ],
    ),
    "a budget with a misspelt key": (
        MODEL
        + "router_settings:\n  provider_budget_config:\n"
        + "    openai: {budget_limt: 5, max_budget: 5, time_period: 1d}\n",
        [
            "config.yaml:7 router_settings.provider_budget_config.openai.budget_limt: "
            "unknown key; did you mean budget_limit?"
        ],
    ),
    "a check that nobody knows": (
        MODEL + "router_settings:\n  optional_pre_call_checks: [prompt_cashing]\n",
        [
            "config.yaml:6 router_settings.optional_pre_call_checks[0]: "
            "unknown check 'prompt_cashing'; did you mean prompt_caching?"
        ],
    ),
    "a header of two lines": (
        MODEL + '      extra_headers: {X-A: "a\\r\\nb"}\n',
        [f"config.yaml:5 {PARAM}.extra_headers.X-A: a header must be one line"],
    ),
    "a number where a key belongs is not repeated": (
        MODEL + "      api_key: 12345678\n",
        [f"config.yaml:5 {PARAM}.api_key: expected text; put it in quotes"],
    ),
    "an address without a scheme": (
        MODEL + "      api_base: localhost:8000\n",
        [
            f"config.yaml:5 {PARAM}.api_base: expected an address that begins with https:// or "
            "http://, got 'localhost:8000'"
        ],
    ),
    "an address with a password and no scheme": (
        MODEL + "      api_base: user:hidden@host\n",
        [
            f"config.yaml:5 {PARAM}.api_base: expected an address that begins with https:// or http://"
        ],
    ),
    "an address with a bracket too many": (
        MODEL + '      api_base: "http://["\n',
        [
            f"config.yaml:5 {PARAM}.api_base: expected an address that begins with https:// or "
            "http://, got 'http://['"
        ],
    ),
    "a hedge for everybody": (
        MODEL + "router_settings:\n  hedging: {max_share: 2}\n",
        ["config.yaml:6 router_settings.hedging.max_share: must be at most 1"],
    ),
    "a misspelt key of hedging": (
        MODEL + "router_settings:\n  hedging: {percentil: 95}\n",
        ["config.yaml:6 router_settings.hedging.percentil: unknown key; did you mean percentile?"],
    ),
    "a way to fall back that there is not": (
        MODEL + "router_settings:\n  mid_stream_fallback: yes please\n",
        [
            "config.yaml:6 router_settings.mid_stream_fallback: expected 'continue' or 'error', "
            "got 'yes please'"
        ],
    ),
    "a star that nothing fills": (
        MODEL.replace("openai/gpt-4o", "openai/*"),
        [
            f"config.yaml:4 {PARAM}.model: a model with a * needs a model_name with one, "
            "not 'gpt-4o'"
        ],
    ),
    "a parameter that no request can carry": (
        MODEL + "      seed: 99999999999999999999\n",
        [f"config.yaml:5 {PARAM}.seed: cannot be written as JSON: Integer exceeds 64-bit range"],
    ),
    "a reference that is none": (
        MODEL + "      api_key: os.environ.OPENAI_API_KEY\n",
        [
            f"config.yaml:5 {PARAM}.api_key: looks like an environment variable; "
            "write os.environ/NAME"
        ],
    ),
    "a credential that is not in the list": (
        MODEL
        + "      litellm_credential_name: mian\n"
        + "credential_list: [{credential_name: main, credential_values: {api_key: os.environ/A}}]",
        [
            f"config.yaml:5 {PARAM}.litellm_credential_name: credential_list has no 'mian'; "
            "did you mean main?"
        ],
    ),
    "a misspelt section": (
        MODEL + "router_setings: {}\n",
        ["config.yaml:5 router_setings: unknown key; did you mean router_settings?"],
    ),
    "a misspelt setting": (
        MODEL + "router_settings:\n  num_retrys: 2\n",
        ["config.yaml:6 router_settings.num_retrys: unknown key; did you mean num_retries?"],
    ),
    "nothing that anybody knows": (
        MODEL + "general_settings:\n  qqqqq: 2\n",
        ["config.yaml:6 general_settings.qqqqq: unknown key"],
    ),
    "a master key in the wrong section": (
        MODEL + "litellm_settings:\n  master_key: sk-secret\n",
        [
            "config.yaml:6 litellm_settings.master_key: unknown key here; "
            "it belongs in general_settings"
        ],
    ),
    "a master key outside of all sections": (
        MODEL + "master_key: sk-secret\n",
        ["config.yaml:5 master_key: unknown key here; it belongs in general_settings"],
    ),
    "an empty master key": (
        MODEL + "general_settings:\n  master_key:\n",
        [
            "config.yaml:6 general_settings.master_key: is empty; "
            "leave the key out to run without a master key"
        ],
    ),
    "a master key that is not set": (
        MODEL + "general_settings:\n  master_key: os.environ/MASTER\n",
        ["config.yaml:6 general_settings.master_key: environment variable MASTER is not set"],
    ),
    "a list for a section": (
        MODEL + "router_settings: [a]\n",
        ["config.yaml:5 router_settings: expected a mapping"],
    ),
    "a key of litellm_params beside it": (
        MODEL + "    order: 1\n",
        ["config.yaml:5 model_list[0].order: unknown key; it belongs in litellm_params"],
    ),
    "a misspelt key of an entry": (
        MODEL + "    model_inf: {}\n",
        ["config.yaml:5 model_list[0].model_inf: unknown key; did you mean model_info?"],
    ),
    "an entry that is text": (
        "model_list:\n  - gpt-4o\n",
        ["config.yaml:2 model_list[0]: expected a mapping with model_name and litellm_params"],
    ),
    "an entry without anything": (
        "model_list:\n  - {}\n",
        [
            "config.yaml:2 model_list[0].model_name: is missing",
            "config.yaml:2 model_list[0].litellm_params: is missing",
        ],
    ),
    "no model": (
        "model_list:\n  - model_name: a\n    litellm_params: {rpm: 1}\n",
        [f"config.yaml:3 {PARAM}.model: is missing"],
    ),
    "no models": ("general_settings: {}\n", ["config.yaml:1 model_list: is missing"]),
    "an unknown provider that looks like one": (
        MODEL.replace("openai/", "opnai/"),
        [
            f"config.yaml:4 {PARAM}.model: unknown provider 'opnai'; did you mean openai? For a "
            "server that speaks OpenAI's format write openai/opnai/gpt-4o and api_base"
        ],
    ),
    "an unknown provider that looks like none": (
        MODEL.replace("openai/", "xyzzy/"),
        [
            f"config.yaml:4 {PARAM}.model: unknown provider 'xyzzy'; for a server that speaks "
            "OpenAI's format write openai/xyzzy/gpt-4o and api_base"
        ],
    ),
    "a model of nobody": (
        MODEL.replace("openai/gpt-4o", "qwen"),
        [
            f"config.yaml:4 {PARAM}.model: which provider serves 'qwen'? "
            "Write provider/qwen, as openai/qwen"
        ],
    ),
    "a fallback to nothing": (
        MODEL + "router_settings:\n  fallbacks:\n    - gpt-4o:\n        - gpt-4\n",
        [
            "config.yaml:8 router_settings.fallbacks[0].gpt-4o[0]: nothing serves 'gpt-4'; "
            "did you mean gpt-4o?"
        ],
    ),
    "a fallback that is a number": (
        MODEL + "router_settings:\n  context_window_fallbacks: [{gpt-4o: [3]}]\n",
        [
            "config.yaml:6 router_settings.context_window_fallbacks[0].gpt-4o[0]: expected a "
            "model name, or a mapping with model and what differs there"
        ],
    ),
    "fallbacks that are one name": (
        MODEL + "router_settings:\n  default_fallbacks: gpt-4o\n",
        ["config.yaml:6 router_settings.default_fallbacks: expected a list of model names"],
    ),
    "a fallback to itself": (
        MODEL + "router_settings:\n  fallbacks: [{gpt-4o: [gpt-4o]}]\n",
        [
            "config.yaml:6 router_settings.fallbacks[0].gpt-4o[0]: "
            "'gpt-4o' cannot be its own fallback"
        ],
    ),
    "a fallback to itself under another name": (
        MODEL
        + "router_settings:\n  model_group_alias: {best: good, good: gpt-4o}\n"
        + "  content_policy_fallbacks: [{gpt-4o: [{model: best, seed: 1}]}]\n",
        [
            "config.yaml:7 router_settings.content_policy_fallbacks[0].gpt-4o[0]: "
            "'gpt-4o' cannot be its own fallback"
        ],
    ),
    "a policy for an error that nobody knows": (
        MODEL + "router_settings:\n  retry_policy: {RateLimitRetries: 3}\n",
        [
            "config.yaml:6 router_settings.retry_policy.RateLimitRetries: unknown key; "
            "did you mean RateLimitErrorRetries?"
        ],
    ),
    "a policy in words": (
        MODEL + "router_settings:\n  allowed_fails_policy: {TimeoutErrorAllowedFails: few}\n",
        [
            "config.yaml:6 router_settings.allowed_fails_policy.TimeoutErrorAllowedFails: "
            "expected a whole number, got 'few'"
        ],
    ),
    "a policy of a deployment": (
        MODEL + "    model_info: {allowed_fails_policy: {TimeoutErrorRetries: 1}}\n",
        [
            "config.yaml:5 model_list[0].model_info.allowed_fails_policy.TimeoutErrorRetries: "
            "unknown key; did you mean TimeoutErrorAllowedFails?"
        ],
    ),
    "fallbacks of nobody": (
        MODEL + "router_settings:\n  fallbacks: [gpt-4o]\n",
        [
            "config.yaml:6 router_settings.fallbacks[0]: "
            "expected a mapping of a model to its fallbacks"
        ],
    ),
    "an alias for nothing": (
        MODEL + "router_settings:\n  model_group_alias:\n    gpt-4: gpt-4p\n",
        [
            "config.yaml:7 router_settings.model_group_alias.gpt-4: nothing serves 'gpt-4p'; "
            "did you mean gpt-4o?"
        ],
    ),
    "aliases in a loop": (
        MODEL + "router_settings:\n  model_group_alias:\n    a: b\n    b: a\n",
        [
            "config.yaml:7 router_settings.model_group_alias.a: aliases in a loop: a -> b -> a",
            "config.yaml:8 router_settings.model_group_alias.b: aliases in a loop: b -> a -> b",
        ],
    ),
    "an alias that hides too much": (
        MODEL + "router_settings:\n  model_group_alias: {a: {model: gpt-4o, hiden: true}}\n",
        [
            "config.yaml:6 router_settings.model_group_alias.a: expected a model name, or a "
            "mapping of model and hidden (true or false)"
        ],
    ),
    "an unknown strategy": (
        MODEL + "router_settings:\n  routing_strategy: simple-shufle\n",
        [
            "config.yaml:6 router_settings.routing_strategy: unknown strategy 'simple-shufle'; "
            "did you mean simple-shuffle?"
        ],
    ),
    "another word for response_model": (
        MODEL + "general_settings:\n  response_model: group\n",
        [
            "config.yaml:6 general_settings.response_model: "
            "expected 'provider' or 'alias', got 'group'"
        ],
    ),
    "a variable that programs depend on": (
        MODEL + "environment_variables:\n  LD_PRELOAD: /tmp/x.so\n",
        ["config.yaml:6 environment_variables.LD_PRELOAD: this variable must not be set here"],
    ),
    "a duplicate key": (
        MODEL + "      rpm: 1\n      rpm: 2\n",
        [f"config.yaml:6 {PARAM}.rpm: duplicate key; it stands in line 5 already"],
    ),
    "two sections of the same name": (
        MODEL + "model_list: []\n",
        [
            "config.yaml:5 model_list: duplicate key; it stands in line 1 already",
            "config.yaml:5 model_list: is missing",
        ],
    ),
    "no YAML": ("a: [1\nb: 2\n", ["config.yaml:2: not YAML: did not find expected ',' or ']'"]),
    "a tag that makes objects": (
        "a: !!python/object:os.system x\n",
        [
            "config.yaml:1: not YAML: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object:os.system'"
        ],
    ),
    "an alias inside itself": (
        "a: &a [*a]\n",
        ["config.yaml:1: an alias contains itself"],
    ),
    "an empty file": ("", ["config.yaml: is empty"]),
    "a file that is a list": ("- a\n", ["config.yaml: expected a mapping with model_list"]),
    "an include of nothing": (
        MODEL + "include: [more.yaml]\n",
        ["config.yaml:5 include: there is no file 'more.yaml'"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_file_is_refused_with_path_line_and_advice(name: str, tmp_path: Path) -> None:
    text, expected = CASES[name]

    assert problems(tmp_path, text) == expected


def test_all_problems_come_out_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = MODEL + "      rpm: x\n      tpm: y\nrouter_settings:\n  timeout: z\nnonsense: 1\n"

    assert [line.split(": ")[0] for line in problems(tmp_path, text)] == [
        f"config.yaml:5 {PARAM}.rpm",
        f"config.yaml:6 {PARAM}.tpm",
        "config.yaml:8 router_settings.timeout",
        "config.yaml:9 nonsense",
    ]


def test_a_wrong_entry_is_not_reported_again_where_its_name_is_used(tmp_path: Path) -> None:
    text = MODEL + "      rpm: x\nrouter_settings:\n  default_fallbacks: [gpt-4o]\n"

    assert len(problems(tmp_path, text)) == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    from gateway.config.build import load

    with pytest.raises(ConfigError, match=r"absent\.yaml: No such file or directory"):
        load(tmp_path / "absent.yaml", {})


@pytest.mark.parametrize(
    "line",
    [
        "general_settings: {master_key: 1234567890123}",
        "general_settings: {master_key: {a: hidden-secret}}",
        "router_settings: {api_key: hidden-secret}",
        "environment_variables: {OPENAI_API_KEY: [hidden-secret]}",
    ],
)
def test_no_secret_is_repeated_in_a_problem(line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, MODEL + line)

    assert "hidden-secret" not in str(caught.value)
    assert "1234567890123" not in str(caught.value)
