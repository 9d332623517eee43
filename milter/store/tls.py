"""TLS to Redis. What is trusted is read once, not for each connection: 20 ms of CPU for the system's list, on the loop."""

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any

from redis.asyncio.connection import RedisSSLContext, SSLConnection


class TlsConnection(SSLConnection):
    """Shares its SSLContext with every other of the same options, until one of the files is another."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        own = self.ssl_context
        self.ssl_context = _Shared(
            keyfile=own.keyfile,
            certfile=own.certfile,
            cert_reqs=own.cert_reqs,
            ca_certs=own.ca_certs,
            check_hostname=own.check_hostname,
        )


class _Shared(RedisSSLContext):
    def get(self) -> ssl.SSLContext:
        """OSError if a file is gone."""
        files = tuple(Path(one) for one in (self.ca_certs, self.certfile, self.keyfile) if one)
        versions = tuple((one.st_ino, one.st_mtime_ns) for one in map(Path.stat, files))
        return _read(self.keyfile, self.certfile, self.cert_reqs, self.ca_certs, self.check_hostname, versions)


@lru_cache(maxsize=4)
def _read(
    keyfile: str | None,
    certfile: str | None,
    cert_reqs: ssl.VerifyMode,
    ca_certs: str | None,
    check_hostname: bool,
    versions: tuple[tuple[int, int], ...],
) -> ssl.SSLContext:
    """`versions` of the files: a renewed certificate counts from the next connection on."""
    return RedisSSLContext(
        keyfile=keyfile, certfile=certfile, cert_reqs=cert_reqs, ca_certs=ca_certs, check_hostname=check_hostname
    ).get()
