"""What libraries log, led into our log."""

import logging
import traceback

from gateway.log import Level, Log


class Bridge(logging.Handler):
    """For Python's `logging`: its records become the event `log`."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        level = _level(record.levelno)
        if not self._log.enabled(level):
            return
        facts: dict[str, object] = {"logger": record.name, "message": _message(record)}
        if record.exc_info and (error := record.exc_info[1]) is not None:
            facts["error"] = _said(error)
            if self._log.enabled(Level.DEBUG):
                facts["traceback"] = "".join(traceback.format_exception(error))
        self._log("log", level, **facts)


def _level(number: int) -> Level:
    return next((level for level in _FALLING if number >= level), Level.DEBUG)


_FALLING = (Level.ERROR, Level.WARNING, Level.INFO)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # arguments that do not fit the text: say the text
        return str(record.msg)


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # an error whose __str__ fails
        return type(error).__name__
