"""Which checks are made before a call is sent, and what keeps calls together.

Source: https://docs.litellm.ai/docs/proxy/config_settings and .../tag_routing (read 2026-11).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.config import budgets, schema
from gateway.config.findings import Findings, Where
from gateway.config.keys import LATER, nearest
from routing.affinity import AffinityRules
from routing.checks import CheckRules
from routing.deployment import Deployment

_AFFINITIES = ("session_affinity", "prompt_caching", "deployment_affinity")
_NEEDLESS: Mapping[str, str] = {
    "router_budget_limiting": "budgets are kept wherever config sets them",
    "enforce_model_rate_limits": "declared limits are always kept",
    "responses_api_deployment_check": LATER,
    "forward_client_headers_by_model_group": LATER,
    "encrypted_content_affinity": LATER,
}


def check_rules(router: schema.RouterSettings) -> CheckRules:
    return CheckRules(
        window=bool(router.enable_pre_call_checks),
        tags=bool(router.enable_tag_filtering),
        any_tag=router.tag_filtering_match_any is not False,
    )


def affinity_rules(router: schema.RouterSettings, findings: Findings) -> AffinityRules:
    where: Where = ("router_settings", "optional_pre_call_checks")
    named = router.optional_pre_call_checks or []
    for i, name in enumerate(named):
        if why := _NEEDLESS.get(name):
            findings.unserved.append(findings.note((*where, i), f"{name}: {why}"))
        elif name not in _AFFINITIES:
            guess = nearest(name, {*_AFFINITIES, *_NEEDLESS})
            findings.problem((*where, i), f"unknown check {name!r}{guess}")
    own = AffinityRules()
    return AffinityRules(
        sessions="session_affinity" in named,
        prompts="prompt_caching" in named,
        tenants="deployment_affinity" in named,
        ttl_s=router.deployment_affinity_ttl_seconds or own.ttl_s,
    )


def checked(
    deployment: Deployment,
    params: schema.LitellmParams,
    info: schema.ModelInfo,
    where: Where,
    findings: Findings,
) -> Deployment:
    """A deployment with what config says for the checks. `where`: its `litellm_params`."""
    return replace(
        deployment,
        region=params.region_name or "",
        tags=frozenset(params.tags or ()),
        tag_patterns=_patterns(params.tag_regex, where, findings),
        budget=budgets.of_deployment(params, where, findings),
        access_groups=frozenset(info.access_groups or ()),
    )


def _patterns(
    written: Sequence[str] | None, where: Where, findings: Findings
) -> tuple[re.Pattern[str], ...]:
    """`tag_regex`, matched against `User-Agent: ...`."""
    found = []
    for i, text in enumerate(written or ()):
        try:
            found.append(re.compile(text))
        except re.error as error:
            findings.problem((*where, "tag_regex", i), f"not a regular expression: {error}")
    return tuple(found)
