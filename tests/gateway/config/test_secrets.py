"""References to variables, and what counts as a secret."""

from pathlib import Path

import pytest

from gateway.config.secrets import is_secret, resolve
from gateway.config.settings import ConfigError, Loaded
from tests.gateway.config.worlds import ENVIRON, WORLD, one, problems, read, said, write

MODEL = """\
model_list:
  - model_name: a
    litellm_params:
      model: openai/a
      api_key: os.environ/KEY
"""


def test_references_are_resolved_however_deep() -> None:
    value = {"a": "os.environ/X", "b": ["os.environ/X", {"c": ["os.environ/X"]}], "d": 1}

    assert resolve(value, {"X": "x"}, ()).value == {"a": "x", "b": ["x", {"c": ["x"]}], "d": 1}


def test_what_is_missing_is_named_with_its_place_and_left_out() -> None:
    found = resolve({"a": ["os.environ/X", "y"], "b": "os.environ/E"}, {"E": ""}, ("top",))

    assert found.value == {"a": ["y"]}
    assert [(missing.where, str(missing)) for missing in found.missing] == [
        (("top", "a", 0), "environment variable X is not set"),
        (("top", "b"), "environment variable E is empty"),
    ]


def test_pointers_for_somebody_else_are_left_alone() -> None:
    assert resolve({"token_ref": "os.environ/X"}, {}, ()).value == {"token_ref": "os.environ/X"}


def test_variables_of_the_file_are_seen_by_the_file_only(tmp_path: Path) -> None:
    text = MODEL + "environment_variables: {KEY: sk-file, PORT: 80, FLAG: true}\n"
    environ = {"KEY": "sk-process"}
    loaded = read(tmp_path, text, environ)

    assert loaded.settings.deployments[0].target.secrets == {"api_key": "sk-file"}
    assert environ == {"KEY": "sk-process"}
    assert said(tmp_path, loaded.warnings) == [
        "config.yaml:6 environment_variables.KEY: replaces the environment variable of that name"
    ]


def test_variables_of_the_file_may_be_references_themselves(tmp_path: Path) -> None:
    text = MODEL + "environment_variables: {KEY: os.environ/OTHER}\n"

    assert read(tmp_path, text, {"OTHER": "o"}).settings.deployments[0].target.secrets == {
        "api_key": "o"
    }
    assert problems(tmp_path, text, {}) == [
        "config.yaml:6 environment_variables.KEY: environment variable OTHER is not set"
    ]


def test_a_model_whose_name_is_not_set_is_an_error(tmp_path: Path) -> None:
    text = "model_list: [{model_name: a, litellm_params: {model: os.environ/MODEL}}]\n"

    assert problems(tmp_path, text) == [
        "config.yaml:1 model_list[0].litellm_params.model: environment variable MODEL is not set"
    ]


def test_strictly_a_deployment_that_is_off_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is off: environment variable KEY is not set"):
        read(tmp_path, MODEL, {}, strict=True)


def test_strictly_a_complete_file_is_fine(tmp_path: Path) -> None:
    assert isinstance(read(tmp_path, MODEL, {"KEY": "k"}, strict=True), Loaded)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("api_key", True),
        ("aws_secret_access_key", True),
        ("azure_ad_token", True),
        ("client_secret", True),
        ("redis_password", True),
        ("Authorization", True),
        ("x-api-key", True),
        ("OPENAI_API_KEY", True),
        ("database_url", True),
        ("max_tokens", False),
        ("input_cost_per_token", False),
        ("litellm_credential_name", False),
        ("api_base", False),
        ("tokenizer", False),
    ],
)
def test_a_secret_is_known_by_its_name(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


READABLE = "holds secrets and everybody on this machine can read it; chmod 640 helps"


@pytest.mark.parametrize(
    ("mode", "key", "expected"),
    [
        (0o644, "sk-literal-key", [f"config.yaml: {READABLE}"]),
        (0o640, "sk-literal-key", []),
        (0o644, "os.environ/OPENAI_API_KEY", []),
        (0o644, "none", []),
    ],
)
def test_a_file_with_secrets_that_everybody_can_read_is_a_warning(
    mode: int, key: str, expected: list[str], tmp_path: Path
) -> None:
    from gateway.config.build import load

    path = write(tmp_path, MODEL.replace("os.environ/KEY", key))
    path.chmod(mode)

    assert said(tmp_path, load(path, ENVIRON, world=WORLD).warnings) == expected


def test_azure_s_token_and_anthropic_s_have_their_own_names(tmp_path: Path) -> None:
    azure = one(tmp_path, {"AZURE_AD_TOKEN": "t"}, model="azure/d", api_base="https://a")

    assert azure.settings.deployments[0].target.secrets == {"azure_ad_token": "t"}
