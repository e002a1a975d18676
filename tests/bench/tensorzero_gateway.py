"""TensorZero's gateway out of its Python package: `PEER/bin/python FILE CONFIG PORT_FILE`.

Run by the interpreter that has `tensorzero`, not by ours. The package starts its gateway inside
the process, on a port of 127.0.0.1 that it chooses itself whatever `bind_address` says. This is
what its own `patch_openai_client` does; the rest of the process sleeps.
"""

import importlib
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit


def main(config: str, port_file: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # whichever thread it reaches
    package = importlib.import_module("tensorzero.tensorzero")
    gateway = package._start_http_gateway(
        config_file=config,
        clickhouse_url=None,
        postgres_url=None,
        valkey_url=None,
        async_setup=False,
    )
    port_file.write_text(str(urlsplit(gateway.base_url).port))
    signal.pause()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
