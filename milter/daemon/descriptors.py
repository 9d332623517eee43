"""How many files a worker may have open, and how many peers it can serve with them: a door without any left refuses nobody
politely, and asyncio's logs that a thousand times a second."""

import resource

MOST = 65536  # asked for, where the system allows any number: as in our unit
OTHERS = 100  # next hops, Redis, DNS, the outbox, a file being read
A_SESSION = 2  # its socket, and the file of a big message
LEAST, ENOUGH = 5, 1000  # sessions of one door


def raise_limit() -> None:
    """The soft limit of old, 1024, is for programs that use select(); who does not may raise it as far as the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def sessions(doors: int) -> int:
    """At once, at each of so many doors of this process."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return ENOUGH
    return max(LEAST, min(ENOUGH, (soft - OTHERS) // A_SESSION // max(1, doors)))
