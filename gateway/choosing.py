"""From the strategies that config names to those that choose."""

import sys
from collections.abc import Callable
from pathlib import Path

from gateway.config.settings import ConfigError, Named, Note, Settings
from routing import strategies as known
from routing.strategies import Strategy
from routing.strategies.options import WrongOption


def strategies(settings: Settings, config: str | None) -> Callable[[str], Strategy]:
    """The strategy of each model, found by its name. One of the operator's own lies beside the
    configuration, as with LiteLLM.

    Raises:
        ConfigError: there is none of that name, or it has no such option.
    """
    usual = _strategy(settings.strategies.usual, config)
    own = {model: _strategy(named, config) for model, named in settings.strategies.own.items()}
    return lambda model: own.get(model, usual)


def _strategy(named: Named, config: str | None) -> Strategy:
    folder = str(Path(config).resolve().parent) if config else ""
    if folder and "." in named.name and folder not in sys.path:
        sys.path.append(folder)
    try:
        return known.find(named.name, named.args)
    except LookupError as error:
        problem = Note(named.path, str(error))
    except WrongOption as error:
        problem = Note(f"{named.args_path}.{error.name}", error.text)
    raise ConfigError(config or "--model", (problem,))
