"""Where a Redis is, and how to get in."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """One server that speaks Redis's protocol; Valkey does."""

    host: str = ""
    port: int = 6379
    db: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    path: str = ""  # of a Unix socket, instead of host and port
    namespace: str = ""  # before every key, so that several gateways may share a server
    source: str = ""  # what in the configuration says so

    def __str__(self) -> str:
        """For people: without a password."""
        if self.path:
            return f"unix://{self.path}?db={self.db}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.tls else 'redis'}://{host}:{self.port}/{self.db}"
