"""The parent of several workers: when it starts one again, and with which code it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from adapters.types import Json
from gateway.workers.parent import Pauses

_ROOT = Path(__file__).parents[3]

# Workers that do as they are told: "live" is ready and ends with the given code once it hears a
# word, "deaf" hears nothing, "fail" ends at once.
PLAY = """
import json, socket, sys, time
from gateway.workers.parent import Crew, supervise
from gateway.workers.worker import READY

roles, code = sys.argv[1].split(","), int(sys.argv[2])
listening = socket.create_server(("127.0.0.1", 0))


def say(event, level=20, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


def work(number, control, seat):
    role = roles[number]
    if role == "fail":
        return 3
    control.send(READY)
    if role == "deaf":
        time.sleep(60)
    control.recv(1)
    return code


crew = Crew(
    size=len(roles),
    listening=listening,
    work=work,
    lasts_s=lambda number: 0.0,
    ready=lambda: say("ready"),
    died=lambda name: None,
    say=say,
    overtime_s=0.2,
)
sys.exit(supervise(crew))
"""


def play(*roles: str, code: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PLAY, ",".join(roles), str(code)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )


def heard(parent: subprocess.Popen[str], event: str) -> Json:
    """The next line of that name."""
    assert parent.stdout
    for line in parent.stdout:
        told: Json = orjson.loads(line)
        if told["event"] == event:
            return told
    raise AssertionError(f"it has ended without {event}")


def test_a_worker_that_cannot_start_ends_everything() -> None:
    with play("live", "fail") as parent:
        told, complaint = parent.communicate(timeout=20)

    assert parent.returncode == 1
    assert '"server.failed"' in told
    assert '"exit_code": 3' in told
    assert '"ready"' not in told
    assert complaint == ""


def test_whoever_dies_is_started_again_in_the_same_place() -> None:
    with play("live", "live") as parent:
        victim = heard(parent, "worker.started")
        heard(parent, "ready")
        os.kill(victim["worker_pid"], signal.SIGKILL)
        ended, again = heard(parent, "worker.ended"), heard(parent, "worker.started")
        parent.send_signal(signal.SIGTERM)
        parent.communicate(timeout=20)

    assert parent.returncode == 0
    assert ended.items() >= {**victim, "event": "worker.ended", "signal": "SIGKILL"}.items()
    assert again["worker"] == victim["worker"]
    assert again["worker_pid"] != victim["worker_pid"]


@pytest.mark.parametrize(("code", "exits"), [(0, 0), (5, 1)])
def test_the_exit_code_is_true(code: int, exits: int) -> None:
    with play("live", "live", code=code) as parent:
        heard(parent, "ready")
        parent.send_signal(signal.SIGINT)
        parent.communicate(timeout=20)

    assert parent.returncode == exits


def test_a_worker_that_does_not_end_in_time_is_killed() -> None:
    with play("live", "deaf") as parent:
        heard(parent, "ready")
        parent.send_signal(signal.SIGTERM)
        told, _ = parent.communicate(timeout=20)

    assert parent.returncode == 1
    assert '"worker.killed"' in told
    assert '"signal": "SIGKILL"' in told


def test_pauses_double_until_a_worker_lives() -> None:
    pauses = Pauses()

    soon = [pauses.after(lived_s=0.1) for _ in range(7)]
    well = [pauses.after(lived_s=100.0), pauses.after(lived_s=0.1)]

    assert soon == [1, 2, 4, 8, 16, 30, 30]
    assert well == [1, 2]
