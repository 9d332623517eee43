"""Where a text leads: only to the owner's own domains and addresses, and never to the personal ones."""

import re
from collections.abc import Iterator

from milter.core import address
from milter.core.owner import Kind
from milter.delivery.html import is_own
from milter.delivery.lint_scenes import FRIENDLY, Said, Scene

BLANK = "□"  # for what a rule is not to look at
_URL = re.compile(r"(?:[a-z]+://|www\.)[^\s<>\"']+", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![\w@./-])(?:[\w-]+\.)+(?:com|net|org|info|biz|eu|es|gal|cat|eus|pt|fr|de|it|uk|io|me|app|dev|ly|gl|shop|online)(?:/\S*)?(?!\w)"
)
_EMAIL = re.compile(r"[\w.%+-]+@[A-Za-z\d-]+(?:\.[A-Za-z\d-]+)+")
_LOADED = re.compile(
    r"\b(?:href|src|action|background)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s>]+)|\burl\(\s*(?P<css>[^)]*)\)",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?)]»”'"


def links(line: str, scene: Scene) -> Iterator[Said]:
    """Links and addresses as a reader sees them."""
    hosts, foreign = _hosts(scene), "leads to a domain that is not yours"
    instead = "leave it out, or link to your own website"
    for found in _URL.finditer(line):
        url = found[0].rstrip(_TRAILING)
        if not is_own(url if "://" in url else f"https://{url}", hosts):
            yield Said(url, line, foreign, instead)
    for found in _BARE.finditer(_URL.sub(BLANK, _EMAIL.sub(BLANK, line))):
        bare = found[0].rstrip(_TRAILING)
        if not is_own(f"https://{bare}", hosts):
            yield Said(bare, line, foreign, instead)
    for found in _EMAIL.finditer(_URL.sub(BLANK, line)):
        one = address.normal(found[0].rstrip("."))
        if one == scene.intent.from_address:
            continue
        if one in _private(scene):
            yield Said(found[0], line, "is your personal address", "leave it out: clients must not learn it")
        elif not is_own(f"https://{address.split(one)[1]}", hosts):
            yield Said(found[0], line, "is an address that is not yours", "write {{ address }}")


def html_links(html: str, scene: Scene) -> Iterator[Said]:
    """What the owner's own HTML loads or leads to."""
    for found in _LOADED.finditer(html):
        target = (found["value"] or found["css"] or "").strip("\"' ")
        line = html[html.rfind("\n", 0, found.start()) + 1 :].partition("\n")[0]
        if target in (scene.speaker.brand.logo, "", "#"):
            continue
        if target.lower().startswith("mailto:"):
            yield from links(target[7:].partition("?")[0], scene)
        elif not is_own(target, _hosts(scene)):
            yield Said(target, line, "leads to a domain that is not yours", "leave it out, or link to your own website")


def _hosts(scene: Scene) -> frozenset[str]:
    own = [one for one in scene.owner.identities if one.kind is scene.speaker.kind]
    urls = [url for one in own for url in (one.brand.website, one.booking) if url]
    hosts = {url.partition("://")[2].partition("/")[0].partition(":")[0].lower() for url in urls}
    return frozenset(hosts | {address.split(mailbox)[1] for one in own for mailbox in one.addresses} - {""})


def _private(scene: Scene) -> frozenset[str]:
    if scene.intent.template == FRIENDLY:
        return frozenset()
    personal = (one for one in scene.owner.identities if one.kind is Kind.PERSONAL)
    return frozenset(mailbox for one in personal for mailbox in one.addresses)


def without_links(text: str) -> str:
    return _URL.sub(BLANK, _EMAIL.sub(BLANK, text))
