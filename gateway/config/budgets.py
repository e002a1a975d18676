"""`max_budget` of a deployment, `provider_budget_config`: how much may be spent, and in what time.

Source: https://docs.litellm.ai/docs/proxy/provider_budget_routing (read 2026-11).
"""

import re
from collections.abc import Iterable
from math import inf

from gateway.config import schema
from gateway.config.findings import Findings, Where
from gateway.config.keys import nearest
from gateway.config.settings import ModelInfo
from gateway.ledger.models import NANO
from routing.deployment import Budget

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 30 * 86_400}
_DURATION = re.compile(r"(\d{1,6})(mo|[smhdw])")


def of_deployment(params: schema.LitellmParams, where: Where, findings: Findings) -> Budget | None:
    if params.max_budget is None:
        if params.budget_duration is not None:
            findings.warn((*where, "budget_duration"), "has no effect without max_budget")
        return None
    period = inf
    if params.budget_duration is not None:
        period = _seconds(params.budget_duration, (*where, "budget_duration"), findings)
    return _budget(params.max_budget, period)


def of_providers(
    router: schema.RouterSettings, infos: Iterable[ModelInfo], findings: Findings
) -> dict[str, Budget]:
    """`{openai: {budget_limit: 100, time_period: 1d}}`."""
    providers = {info.deployment.target.provider for info in infos}
    where: Where = ("router_settings", "provider_budget_config")
    found = {}
    for name, entry in (router.provider_budget_config or {}).items():
        at = (*where, name)
        if not isinstance(entry, dict):
            findings.problem(at, "expected a mapping of budget_limit and time_period")
            continue
        for key in entry.keys() - schema.ProviderBudget.model_fields:
            guess = nearest(key, schema.ProviderBudget.model_fields)
            findings.problem((*at, key), f"unknown key{guess}")
        read = schema.parse(schema.ProviderBudget, entry, at, findings)
        if read is None:
            continue
        if name not in providers:
            findings.warn(at, f"no deployment is of provider {name!r}{nearest(name, providers)}")
        limit = read.budget_limit if read.budget_limit is not None else read.max_budget
        period = read.time_period or read.budget_duration
        if limit is None or period is None:
            findings.problem(at, "needs budget_limit and time_period")
            continue
        found[name] = _budget(limit, _seconds(period, (*at, "time_period"), findings))
    return found


def _budget(dollars: float, period: float) -> Budget:
    """A budget that is too small for a nano-dollar is used up by the first."""
    return Budget(max(round(dollars * NANO), 1 if dollars else 0), period)


def _seconds(text: str, where: Where, findings: Findings) -> float:
    """`30s`, `15m`, `24h`, `7d`, `2w`, `1mo`: a month is 30 days."""
    found = _DURATION.fullmatch(text.strip())
    if not found or not int(found[1]):
        findings.problem(where, f"expected a duration like 24h, 7d or 1mo, got {text!r}")
        return inf
    return float(int(found[1]) * _UNITS[found[2]])
