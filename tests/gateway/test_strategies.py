"""From `routing_groups` to the strategy that chooses, and to a name that can be asked for."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import pytest

from gateway.choosing import strategies
from gateway.config.settings import ConfigError, Named, Settings, Strategies
from gateway.ledger.models import Models
from gateway.log import Log
from gateway.services import opened
from routing.deployment import Deployment, Stats
from routing.strategies.busy import least_busy
from routing.strategies.shuffle import simple_shuffle
from tests.fakes import FakeClock
from tests.gateway.config.worlds import read_data
from tests.routing.worlds import A, B

DATA = {
    "model_list": [
        {"model_name": name, "litellm_params": {"model": f"openai/{model}"}}
        for name, model in (("big", "b"), ("small", "s"), ("team/*", "*"))
    ],
    "router_settings": {
        "model_group_alias": {"other": "big"},
        "routing_groups": [
            {"group_name": "all", "models": ["big", "team/*"], "routing_strategy": "least-busy"}
        ],
    },
}


def first(
    candidates: Sequence[Deployment], stats: Mapping[str, Stats], rng: Random, *, at: int = 0
) -> Deployment:
    return candidates[at]


def settings(name: str, **args: object) -> Settings:
    return Settings(strategies=Strategies(Named(name, args)))


async def test_whatever_name_is_asked_for_the_models_strategy_chooses(tmp_path: Path) -> None:
    loaded = read_data(tmp_path, DATA).settings
    clock = FakeClock()
    log = Log(io.BytesIO(), json=True, clock=clock)
    strategy = strategies(loaded, None)
    async with opened(loaded, strategy, log, Models.load(), clock=clock, rng=Random(1)) as services:
        router = services.router
        found = {
            name: router.chooser.strategy(name)
            for name in ("big", "small", "other", "all", "team/x", "openai/b")
        }
        members = [deployment.alias for deployment in router.groups.find("all")]
    log.close(5)

    assert found == {
        "big": least_busy,
        "small": simple_shuffle,
        "other": least_busy,
        "all": least_busy,
        "team/x": least_busy,
        "openai/b": least_busy,
    }
    assert members == ["all"]


def test_a_strategy_of_ones_own_is_given_its_options() -> None:
    strategy = strategies(settings(f"{__name__}.first", at="1"), None)("any")

    assert strategy([A, B], {}, Random(1)) is B


WRONG = {
    "no such strategy": (
        settings("nowhere.first"),
        "--model: router_settings.routing_strategy: nowhere:first: No module named 'nowhere'",
    ),
    "no such option": (
        settings(f"{__name__}.first", att=1),
        "--model: router_settings.routing_strategy_args.att: is no option of this strategy; "
        "did you mean at?",
    ),
}


@pytest.mark.parametrize(("wrong", "text"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_had_is_said_at_start(wrong: Settings, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        strategies(wrong, None)

    assert str(caught.value) == text
