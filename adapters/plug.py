"""Names in data that stand for code: `package.module:NAME`, imported when somebody needs it."""

from importlib import import_module
from typing import Any


def plug(reference: str) -> Any:
    """The thing that `reference` names.

    Raises:
        LookupError: there is no such module, or nothing of that name in it.
    """
    module, _, name = reference.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"{reference}: {error}") from error
