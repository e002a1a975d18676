"""Why a bench has no figures."""


class CannotMeasure(Exception):
    """Nothing is measured. The message says why."""

    code = 2  # of the command


class Refused(CannotMeasure):
    """The bench could be run, but the gateway answers its very first request with an error."""

    code = 1
