"""The daily look: what Sluicegate costs beside a bare relay on the same server. Under a minute.

    python -m tests.bench.overhead [--rounds N]

CPU µs for each request or event, three workloads, two servers. Absolute figures drift, ratios in
one run hold. `python -m tests.bench` measures the rest.
"""

import argparse
from contextlib import ExitStack

from tests.bench.cost import costs
from tests.bench.host import BESIDE, allow_descriptors, on_cores
from tests.bench.lineup import SERVERS, relay, sluicegate
from tests.bench.processes import running, upstream
from tests.bench.report import machine, written
from tests.bench.workloads import BURSTS, CHAT_1K, FEW_PACED

_WINDOW_S = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print(f"{machine()}, {rounds} rounds\n")
    print("| CPU µs | server | relay | Sluicegate | ratio |")
    print("| --- | --- | --: | --: | --: |")
    allow_descriptors()
    with ExitStack() as stack:
        _, port = stack.enter_context(upstream())
        stack.enter_context(on_cores(BESIDE))
        for server in SERVERS:
            pair = (relay(server), sluicegate(server))
            runners = [stack.enter_context(running(contender, port)) for contender in pair]
            workloads = (CHAT_1K, BURSTS, FEW_PACED)
            found = costs(
                runners,
                workloads,
                upstream=f"http://127.0.0.1:{port}",
                rounds=rounds,
                window_s=_WINDOW_S,
            )
            for workload in workloads:
                floor, gateway = (found[workload.name, one.name] for one in pair)
                if why := floor.failure or gateway.failure:
                    print(f"{workload.name}: {why}")
                figures = written(floor.us), written(gateway.us), written(gateway.us / floor.us)
                print(
                    f"| {workload.name}, per {workload.part} | {server} | {' | '.join(figures)} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
