"""`sluicegate check`."""

from pathlib import Path

from gateway.config.report import check
from tests.gateway.config.worlds import ENVIRON, WORLD, write

TEXT = """\
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      temprature: 1
  - model_name: gpt-4o
    litellm_params:
      model: anthropic/claude
      api_key: os.environ/CLAUDE
litellm_settings:
  num_retries: 2
  callbacks: [otel]
"""


def said(folder: Path, text: str, environ: dict[str, str]) -> tuple[str, int]:
    report, code = check(write(folder, text), environ, world=WORLD)
    return report.replace(f"{folder}/", ""), code


def test_a_report_tells_what_is_served_what_is_not_and_what_looks_odd(tmp_path: Path) -> None:
    report, code = said(tmp_path, TEXT, {**ENVIRON, "CLAUDE": "k"})

    assert code == 0
    assert report == (
        "Served\n"
        "  litellm_settings: num_retries\n"
        "  model_list[]: model_name, litellm_params\n"
        "  model_list[].litellm_params: model, temprature, api_key\n"
        "\n"
        "Accepted without effect\n"
        "  config.yaml:12 litellm_settings.callbacks: "
        "a key of LiteLLM that this release does not serve; it has no effect\n"
        "\n"
        "Warnings\n"
        "  config.yaml:5 model_list[0].litellm_params.temprature: not a key we know, so it is "
        "sent to the provider as it is; did you mean temperature?\n"
        "\n"
        "config.yaml: 1 model, 2 deployments; 0 problems, 1 warning, 1 key without effect"
    )


def test_a_deployment_that_is_off_is_a_problem_of_the_check(tmp_path: Path) -> None:
    report, code = said(tmp_path, TEXT, dict(ENVIRON))

    assert code == 1
    assert report.startswith(
        "Problems\n"
        "  config.yaml:7 model_list[1].litellm_params: deployment of 'gpt-4o' is off: "
        "environment variable CLAUDE is not set\n"
    )
    assert report.endswith(
        "1 model, 2 deployments (1 off); 1 problem, 1 warning, 1 key without effect"
    )


def test_a_file_that_cannot_be_used_is_reported_with_all_that_is_wrong(tmp_path: Path) -> None:
    report, code = said(tmp_path, TEXT + "nonsense: 1\n", dict(ENVIRON))

    assert code == 1
    assert report == (
        "Problems\n"
        "  config.yaml:7 model_list[1].litellm_params: deployment of 'gpt-4o' is off: "
        "environment variable CLAUDE is not set\n"
        "  config.yaml:13 nonsense: unknown key\n"
        "\n"
        "config.yaml: 2 problems"
    )
