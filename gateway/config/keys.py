"""LiteLLM's keys that we know and do not serve: accepted without effect, never silently.

The keys that are served are the fields of the models in `schema.py`; the rest of this file is what
a LiteLLM user may have written beside them. A text says why a key is not needed here; the others
wait for a later release.

Source: https://docs.litellm.ai/docs/proxy/config_settings (read 2026-11).
"""

import difflib
from collections.abc import Collection, Iterable, Mapping

LATER = "a key of LiteLLM that this release does not serve; it has no effect"


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _later(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), LATER)


TOP: Mapping[str, str] = _later(
    """
    guardrails mcp_servers prompts policies mcp_tools agents agent_list search_tools sandbox_tools
    vector_store_registry files_settings finetune_settings assistant_settings default_vertex_config
    callback_settings worker_registry
    """
)

LITELLM_SETTINGS: Mapping[str, str] = _later(
    """
    callbacks success_callback failure_callback input_callback service_callback
    service_callbacks audit_log_callbacks s3_audit_callback_params
    turn_off_message_logging redact_user_api_key_info redact_messages_in_exceptions
    max_budget budget_duration max_internal_user_budget internal_user_budget_duration
    default_internal_user_params default_team_settings default_team_params
    default_key_generate_params upperbound_key_generate_params key_generation_settings
    max_end_user_budget max_end_user_budget_id max_user_budget default_max_internal_user_budget
    max_ui_session_budget default_soft_budget default_key_max_budget_alert_emails
    budget_exceeded_throttle_percentage tag_budget_config custom_provider_map
    ssl_verify ssl_certificate ssl_security_level ssl_ecdh_curve force_ipv4
    disable_aiohttp_transport aiohttp_trust_env user_url_validation user_url_allowed_hosts
    provider_url_destination_allowed_hosts model_alias_map model_group_settings
    priority_reservation extra_spend_tag_headers public_model_groups cost_discount_config
    cost_margin_config include_cost_in_streaming_usage budget_exceeded_status_code
    expose_router_debug_in_errors prometheus_metrics_config prometheus_initialize_budget_metrics
    prometheus_latency_buckets prometheus_emit_stream_label disable_end_user_cost_tracking
    disable_end_user_cost_tracking_prometheus_only enable_end_user_cost_tracking_prometheus_only
    custom_prometheus_metadata_labels custom_prometheus_tags require_auth_for_metrics_endpoint
    mcp_aliases langfuse_default_tags langsmith_batch_size argilla_batch_size
    argilla_transformation_object datadog_use_v1 datadog_params datadog_llm_observability_params
    newrelic_params gcs_pub_sub_use_v1 generic_api_use_v1 generic_logger_headers
    s3_callback_params aws_sqs_callback_params dynamodb_table_name cold_storage_custom_logger
    logged_real_time_event_types standard_logging_payload_excluded_fields log_raw_request_response
    filter_invalid_headers add_user_information_to_llm_headers overwrite_user_with_key_hash
    store_audit_logs skip_system_message_in_guardrail skip_tool_message_in_guardrail
    pre_call_rules post_call_rules enable_preview_features enable_json_schema_validation
    enable_model_config_credential_overrides enable_key_alias_format_validation
    enable_gemini_default_thinking_level_low enable_loadbalancing_on_batch_endpoints
    require_managed_files enable_caching_on_provider_specific_optional_params
    enable_anthropic_prompt_caching anthropic_prompt_caching_ttl enable_azure_ad_token_refresh
    disable_streaming_logging disable_token_counter disable_hf_tokenizer_download
    disable_add_transform_inline_image_block disable_add_user_agent_to_request_tags
    disable_anthropic_gemini_context_caching_transform disable_vertex_batch_output_transformation
    disable_copilot_system_to_assistant default_in_memory_ttl default_redis_ttl
    default_redis_batch_cache_expiry add_function_to_prompt forward_traceparent_to_llm_provider
    return_response_headers reasoning_auto_summary strip_anthropic_total_tokens
    route_all_chat_openai_to_responses gemini_live_defer_setup use_legacy_interactions_schema
    validate_end_user_id_in_db llamaguard_model_name openai_moderations_model_name
    presidio_ad_hoc_recognizers google_moderation_confidence_threshold llm_guard_mode
    llamaguard_unsafe_content_categories blocked_user_list banned_keywords_list
    guardrail_name_config_map max_tokens token email api_base api_version headers organization
    api_key openai_key azure_key anthropic_key cohere_key groq_key huggingface_key openrouter_key
    replicate_key togetherai_api_key vertex_project vertex_location use_litellm_proxy use_client
    safe_memory_mode retry logging caching caching_with_models model_fallbacks
    LITELLM_DISABLE_STOP_SEQUENCE_LIMIT
    """
) | {
    "cache": "answers are not kept yet; a Redis in cache_params is used for limits and rests",
    "set_verbose": "the log level is chosen on the command line",
    "suppress_debug_info": "there is no debug text to suppress",
    "telemetry": "there is no telemetry",
    "model_cost_map_url": "prices are part of the release; nothing is fetched at start",
    "use_chat_completions_url_for_anthropic_messages": "this is how it always works",
}

ROUTER_SETTINGS: Mapping[str, str] = _later(
    """
    enable_pre_call_check
    cache_responses caching_groups cache_kwargs
    polling_interval
    enable_weighted_failover alerting_config
    default_litellm_params model_group_affinity_config debug_level set_verbose assistants_config
    search_tools guardrail_list ignore_invalid_deployments
    """
) | {"client_ttl": "connections are kept and closed by themselves"}

GENERAL_SETTINGS: Mapping[str, str] = _later(
    """
    database_url database_type database_args database_connection_pool_limit
    database_connection_timeout database_connect_timeout database_socket_timeout
    database_extra_connection_params database_disable_prepared_statements store_model_in_db
    supported_db_objects store_prompts_in_spend_logs disable_spend_logs disable_spend_updates
    disable_error_logs proxy_batch_write_at proxy_batch_polling_interval
    proxy_budget_rescheduler_min_time proxy_budget_rescheduler_max_time
    proxy_config_reload_interval_seconds maximum_spend_logs_retention_period
    maximum_spend_logs_retention_interval maximum_spend_logs_cleanup_batch_size
    maximum_spend_logs_cleanup_max_batches maximum_spend_logs_cleanup_run_budget
    maximum_spend_logs_cleanup_batch_timeout use_spend_logs_partitioning
    maximum_autorouter_session_retention_period maximum_health_check_retention_period
    allow_requests_on_db_unavailable use_redis_transaction_buffer disable_prisma_schema_update
    background_health_checks health_check_interval health_check_concurrency health_check_details
    health_check_skip_disabled_background_models background_health_check_model_groups
    enable_health_check_routing model_list_healthy_only alerting alert_types alerting_threshold
    alerting_args alert_to_webhook_url spend_report_frequency custom_auth custom_key_generate
    custom_sso custom_ui_sso_sign_in_handler pass_through_endpoints pass_through_request_timeout
    use_client_credentials_pass_through_routes user_header_name user_header_mappings
    forward_client_headers_to_llm_api forward_llm_provider_auth_headers forward_openai_org_id
    allow_client_side_credentials enforce_user_param enforced_params allowed_routes public_routes
    admin_only_routes allowed_ips use_x_forwarded_for trusted_proxy_ranges max_response_size_mb
    max_batch_file_size_mb max_parallel_requests global_max_parallel_requests
    max_in_flight_requests_per_worker max_queued_requests_per_worker
    admission_queue_timeout_seconds token_rate_limit_type fail_closed_rate_limit_enforcement
    fail_closed_budget_enforcement disable_budget_reservation coordination_redis
    always_include_stream_usage infer_model_from_keys completion_model embedding_model
    image_generation_model moderation_model user_api_key_cache_ttl user_api_key_cache_max_size
    include_call_id_in_error_body missing_session_id key_management_system key_management_settings
    use_google_kms use_azure_key_vault enable_jwt_auth litellm_jwtauth enable_oauth2_auth
    enable_oauth2_proxy_auth oauth2_config_mappings ui_access_mode litellm_license
    disable_fallbacks_on_per_model_rate_limits enforce_fallback_model_access
    user_url_validation disable_master_key_return disable_reset_budget
    disable_retry_on_max_parallel_request_limit_error disable_adding_master_key_hash_to_db
    disable_responses_id_security reject_clientside_metadata_tags user_mcp_management_mode
    mcp_internal_ip_ranges mcp_trusted_proxy_ranges mcp_xff_num_trusted_hops
    default_team_disabled disable_auto_add_proxy_admin_to_teams service_account_settings
    scheduled_job_stagger enable_public_model_hub allow_user_auth otel plugins control_plane_url
    allow_cli_sso_verification_uri_complete
    """
) | {
    "cancel_on_disconnect": "a request upstream is always cancelled when its client leaves",
    "dangerously_permit_weak_or_unset_master_key": (
        "not needed: without a master key the gateway listens on the loopback address only"
    ),
    "dangerously_allow_mock_testing_request_params": "mock_testing parameters are not served",
}

LITELLM_PARAMS: Mapping[str, str] = _later(
    """
    watsonx_region_name timeout_by_service_tier
    azure_ad_token tenant_id client_id client_secret azure_username azure_password azure_scope
    configurable_clientside_auth_params itpm otpm rpd tpd daily_reset_time
    default_api_key_tpm_limit default_api_key_rpm_limit use_in_pass_through use_litellm_proxy
    use_chat_completions_api merge_reasoning_content_in_choices keepalive_seconds silent_model
    ssl_verify cache_control_injection_points
    """
)
LITELLM_PARAMS_PREFIXES = (
    "aws_", "vertex_", "s3_", "gcs_", "auto_router_", "complexity_router_", "adaptive_router_",
)  # fmt: skip

MODEL_INFO: Mapping[str, str] = _later(
    """
    team_id team_public_model_name disable_background_health_check
    health_check_model health_check_timeout
    """
)

BODY = _words(
    """
    temperature top_p top_k top_a min_p n stop max_tokens max_completion_tokens presence_penalty
    frequency_penalty repetition_penalty logit_bias logprobs top_logprobs user seed tools
    tool_choice parallel_tool_calls functions function_call response_format reasoning_effort
    thinking reasoning verbosity modalities audio prediction service_tier store metadata
    web_search_options stream_options dimensions encoding_format input_type safety_settings
    think num_ctx num_predict keep_alive repeat_penalty provider transforms route plugins models
    prompt_cache_key prompt_cache_retention safety_identifier context_management output_config
    stop_sequences system size quality style voice chat_template_kwargs guided_json
    """
)
"""Parameters of model requests: as keys of `litellm_params` they are defaults for the body."""


def is_price(name: str) -> bool:
    """Whether a key of `litellm_params` is a price (`input_cost_per_token`), not a parameter."""
    return "_cost_per_" in name or name.endswith(("_token_cost", "_cost"))


def unserved_param(name: str, own: Collection[str]) -> str:
    """Why a key of `litellm_params` has no effect; empty if it has one. `own`: the keys that the
    deployment's provider has beside everybody's.
    """
    if name in own:
        return ""
    if name in LITELLM_PARAMS:
        return LITELLM_PARAMS[name]
    return LATER if name.startswith(LITELLM_PARAMS_PREFIXES) else ""


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """`; did you mean x?` if something similar is known, else nothing."""
    found = difflib.get_close_matches(name, list(known), 1, cutoff)
    return f"; did you mean {found[0]}?" if found else ""
