"""Amazon SageMaker endpoints whose container speaks OpenAI's chat (`sagemaker_chat`).

The endpoint's name is the model. A stream is the container's own, in AWS's frames. Where an
endpoint holds several models, `model_id` names the inference component.

Sources, read 2026-11: https://docs.aws.amazon.com/sagemaker/latest/APIReference/
API_runtime_InvokeEndpoint.html, API_runtime_InvokeEndpointWithResponseStream.html and
https://docs.litellm.ai/docs/providers/aws_sagemaker.
"""

from dataclasses import replace

from adapters.auth.aws import OPTIONS, REGION, SECRETS, signed
from adapters.clock import Clock
from adapters.framing import Framing
from adapters.provider import Auth, Endpoint, Provider, Transport
from adapters.types import Dialect, Target

_COMPONENT = "x-amzn-sagemaker-inference-component"


def login(_transport: Transport, clock: Clock) -> Auth:
    return signed(clock, "sagemaker")


def settled(target: Target) -> Target:
    component = target.options.get("model_id")
    if not component or _COMPONENT in target.headers:
        return target
    return replace(target, headers={**target.headers, _COMPONENT: component})


PROVIDER = Provider(
    name="sagemaker_chat",
    base_url="https://runtime.sagemaker.{aws_region_name}.amazonaws.com",
    base_url_env=("SAGEMAKER_BASE_URL",),
    key_optional=True,
    speaks={
        Dialect.OPENAI_CHAT: Endpoint(
            "/endpoints/{model}/invocations",
            stream_path="/endpoints/{model}/invocations-response-stream",
            framing=Framing.AWS,
        )
    },
    login=login,
    settled=settled,
    options={"aws_region_name": REGION},
    options_env={**OPTIONS, "model_id": ()},
    secrets_env=SECRETS,
    docs="https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-test-endpoints.html",
)
