"""What each way to write `redis.url` means. The problems are in tests/settings/test_host_problems.py."""

import pytest

from milter.store.address import Address, Shape, parse

LAURA = (("username", "laura"), ("password", "a/b c"))
CASES = {
    "redis://": Address(Shape.SERVER, (("localhost", 6379),)),
    "redis://db": Address(Shape.SERVER, (("db", 6379),)),
    "redis://db/": Address(Shape.SERVER, (("db", 6379),)),
    "redis://db:6380/3": Address(Shape.SERVER, (("db", 6380),), db=3),
    "redis://db?db=4": Address(Shape.SERVER, (("db", 6379),), db=4),
    "redis://[::1]:6380": Address(Shape.SERVER, (("::1", 6380),)),
    "redis://laura:a%2Fb%20c@db": Address(Shape.SERVER, (("db", 6379),), login=LAURA),
    "redis://:p%40ss@db": Address(Shape.SERVER, (("db", 6379),), login=(("password", "p@ss"),)),
    "redis://db?username=laura&password=a%2Fb%20c": Address(Shape.SERVER, (("db", 6379),), login=LAURA),
    "rediss://db": Address(Shape.SERVER, (("db", 6379),), tls=()),
    "rediss://db?ssl_ca_certs=/etc/ca.pem&ssl_check_hostname=false": Address(
        Shape.SERVER, (("db", 6379),), tls=(("ssl_ca_certs", "/etc/ca.pem"), ("ssl_check_hostname", "false"))
    ),
    "unix:///run/redis.sock": Address(Shape.SERVER, (("/run/redis.sock", 0),)),
    "unix://laura:a%2Fb%20c@/run/a%20b.sock?db=2": Address(Shape.SERVER, (("/run/a b.sock", 0),), db=2, login=LAURA),
    "redis+sentinel://a,b:26380/mymaster": Address(Shape.SENTINEL, (("a", 26379), ("b", 26380)), "mymaster"),
    "redis+sentinel://laura:a%2Fb%20c@a/mymaster/5?sentinel_password=s%26x": Address(
        Shape.SENTINEL, (("a", 26379),), "mymaster", 5, login=LAURA, sentinel_login=(("password", "s&x"),)
    ),
    "rediss+sentinel://[::1]:26380/mymaster": Address(Shape.SENTINEL, (("::1", 26380),), "mymaster", tls=()),
    "redis+cluster://a,b:6380,[::1]": Address(Shape.CLUSTER, (("a", 6379), ("b", 6380), ("::1", 6379))),
    "rediss+cluster://laura:a%2Fb%20c@a/0": Address(Shape.CLUSTER, (("a", 6379),), tls=(), login=LAURA),
}


@pytest.mark.parametrize("text, meaning", CASES.items(), ids=CASES)
def test_address(text: str, meaning: Address) -> None:
    assert parse(text) == meaning


def test_no_password_in_what_is_printed_of_it() -> None:
    assert "hunter2" not in repr(parse("redis+sentinel://:hunter2@a/m?sentinel_password=hunter2"))
