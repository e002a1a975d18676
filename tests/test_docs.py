"""Documents that fall behind are found here, not by readers."""

import re
from pathlib import Path

import pytest
from click import Group, Option

from adapters.errors import Kind
from gateway.cli import main
from gateway.config.schema import GeneralSettings, LitellmParams
from routing import strategies

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "adapters/**/*.md", "routing/*.md", "gateway/**/*.md", "deploy/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
README = (ROOT / "README.md").read_text()


def _options(group: Group) -> list[str]:
    commands = [group, *group.commands.values()]
    return [
        max(parameter.opts, key=len)
        for command in commands
        for parameter in command.params
        if isinstance(parameter, Option)
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    missing = [
        link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()
    ]

    assert missing == []


def test_the_readme_opens_with_the_two_commands() -> None:
    head = README[: README.index("## ")]

    assert "make run" in head
    assert "make test" in head


@pytest.mark.parametrize("option", _options(main))
def test_every_flag_is_in_the_readme(option: str) -> None:
    assert f"`{option}`" in README or f"`{option}/" in README or f"{option} " in README


@pytest.mark.parametrize("command", main.commands)
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"sluicegate {command}" in README


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_failure_is_explained(kind: Kind) -> None:
    assert kind.name in (ROOT / "routing" / "README.md").read_text()


@pytest.mark.parametrize("name", strategies.names())
def test_every_strategy_is_in_the_readme(name: str) -> None:
    assert f"`{name}`" in README


def test_our_own_keys_are_explained() -> None:
    assert "response_model" in GeneralSettings.model_fields
    text = (ROOT / "gateway" / "README.md").read_text()
    assert "`response_model: alias`" in text
    for key in ("connect_timeout", "stream_idle_timeout"):
        assert key in LitellmParams.model_fields
        assert f"`{key}`" in text


@pytest.mark.parametrize(
    "target", re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
)
def test_every_make_target_is_explained(target: str) -> None:
    text = README + (ROOT / "CONTRIBUTING.md").read_text()

    assert f"make {target}" in text
