"""The same promises on the other server: whoever prefers Uvicorn loses nothing.

The tests are those of the modules beside this one; here they meet another process.
"""

import pytest

from tests.e2e import said
from tests.e2e.process import Gateway
from tests.e2e.raw import exchange
from tests.e2e.test_clients_leaving import (
    test_a_client_that_goes_before_the_first_byte_takes_the_provider_with_it,
    test_a_client_that_goes_in_the_middle_does_so_too,
    test_a_client_that_goes_in_the_middle_of_its_request_asks_nobody,
    test_a_client_that_goes_while_the_provider_is_talking_is_noticed,
    test_many_that_go_at_once_leave_nothing_behind,
)
from tests.e2e.test_drain import (
    test_a_stream_that_takes_too_long_is_told_so,
    test_an_open_stream_is_finished_whole,
    test_balancers_are_told_first_and_a_second_signal_cuts_at_once,
    test_who_waits_for_a_document_gets_an_answer_too,
    test_without_anything_to_do_it_goes_at_once,
)
from tests.e2e.test_failures import (
    test_a_refusal_keeps_its_words_and_gets_the_status_that_says_who_must_act,
    test_a_stream_that_breaks_off_ends_in_an_error_and_uncleanly,
    test_a_stream_that_fails_before_its_first_word_is_replaced_unseen,
    test_after_a_failure_the_next_request_on_the_same_connection_is_fine,
)
from tests.e2e.test_health_and_metrics import test_known_traffic_gives_known_figures
from tests.e2e.test_hostile import (
    extra,
    test_a_body_that_announces_too_much_is_refused,
    test_a_body_that_grows_too_large_is_refused_where_it_does,
    test_a_chunked_body_is_read_like_any_other,
    test_an_absurd_length_is_refused_at_once,
    test_large_bodies_that_nobody_reads_leave_no_descriptor_open,
    test_two_authorization_headers_are_one_too_many,
    test_two_ways_to_tell_the_length_are_refused_and_the_connection_closed,
    test_visitors_who_have_gone_leave_no_descriptor_open,
    test_who_has_no_key_is_not_let_in,
)
from tests.e2e.test_sdks import (
    chat,
    claude,
    test_anthropic_gets_a_stream,
    test_openai_gets_a_document,
    test_openai_gets_a_stream_with_usage_only_if_it_asked,
    test_openai_raises_when_a_stream_breaks_off,
)
from tests.e2e.test_streams import (
    test_a_client_that_reads_nothing_slows_the_provider_down,
    test_a_document_passes_byte_for_byte,
    test_an_openai_stream_passes_byte_for_byte,
    test_every_word_arrives_before_the_next_one_is_said,
)
from tests.upstream import Upstream, events

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def server() -> str:
    pytest.importorskip("uvicorn")
    return "uvicorn"


async def test_it_is_the_other_server(gateway: Gateway) -> None:
    line = await gateway.line("server.started")

    assert line["server"] == "uvicorn"


async def test_a_stream_that_we_break_off_on_purpose_is_one_line_and_no_exception(
    gateway: Gateway, one: Upstream
) -> None:
    one.play(events(said.chat_stream("Good", " day")[:2], end="cut"))
    before = len(gateway.lines("request.finished"))

    got = await exchange(gateway.port, "/v1/chat/completions", said.asked("gpt", stream=True))
    await gateway.line("request.finished", before + 1)
    await exchange(gateway.port, "/v1/nothing", b"")
    await gateway.line("request.finished", before + 2)

    assert not got.clean
    assert not [line for line in gateway.lines("log") if "BrokenOff" in str(line)]


__all__ = [
    "chat",
    "claude",
    "extra",
    "test_a_body_that_announces_too_much_is_refused",
    "test_a_body_that_grows_too_large_is_refused_where_it_does",
    "test_a_chunked_body_is_read_like_any_other",
    "test_a_client_that_goes_before_the_first_byte_takes_the_provider_with_it",
    "test_a_client_that_goes_in_the_middle_does_so_too",
    "test_a_client_that_goes_in_the_middle_of_its_request_asks_nobody",
    "test_a_client_that_goes_while_the_provider_is_talking_is_noticed",
    "test_a_client_that_reads_nothing_slows_the_provider_down",
    "test_a_document_passes_byte_for_byte",
    "test_a_refusal_keeps_its_words_and_gets_the_status_that_says_who_must_act",
    "test_a_stream_that_breaks_off_ends_in_an_error_and_uncleanly",
    "test_a_stream_that_fails_before_its_first_word_is_replaced_unseen",
    "test_a_stream_that_takes_too_long_is_told_so",
    "test_after_a_failure_the_next_request_on_the_same_connection_is_fine",
    "test_an_absurd_length_is_refused_at_once",
    "test_an_open_stream_is_finished_whole",
    "test_an_openai_stream_passes_byte_for_byte",
    "test_anthropic_gets_a_stream",
    "test_balancers_are_told_first_and_a_second_signal_cuts_at_once",
    "test_every_word_arrives_before_the_next_one_is_said",
    "test_known_traffic_gives_known_figures",
    "test_large_bodies_that_nobody_reads_leave_no_descriptor_open",
    "test_many_that_go_at_once_leave_nothing_behind",
    "test_openai_gets_a_document",
    "test_openai_gets_a_stream_with_usage_only_if_it_asked",
    "test_openai_raises_when_a_stream_breaks_off",
    "test_two_authorization_headers_are_one_too_many",
    "test_two_ways_to_tell_the_length_are_refused_and_the_connection_closed",
    "test_visitors_who_have_gone_leave_no_descriptor_open",
    "test_who_has_no_key_is_not_let_in",
    "test_who_waits_for_a_document_gets_an_answer_too",
    "test_without_anything_to_do_it_goes_at_once",
]
