"""Display names that are a client's: his company, or his person together with it, whatever else stands beside."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from milter.core.confusables import plain, skeleton

if TYPE_CHECKING:
    from milter.core.owner import Client

LONGEST = 200  # characters of a display name
MOST_WORDS = 16
LONGEST_PHRASE = 6  # words
SHORTEST_BRAND = 4  # letters: less are in too many names
_WORD = re.compile(r"[^\W_]+")
# What a company is by law says nothing of which one it is.
_LEGAL = "sl slu slp sll sa sau cb scp gmbh ag kg ug ltd limited llc inc sarl sas sasu lda unipessoal"
_FORMS = frozenset(_LEGAL.split())


@dataclass(frozen=True, slots=True)
class Names:
    """Words as skeletons. `whole`: of a name that is nothing but this · `phrases`: wherever they stand · `brands`: a word of a
    company, which counts beside a first name of its people (`given`: client and word). Each leads to the client's table."""

    whole: Mapping[str, str] = field(default_factory=dict)
    phrases: Mapping[str, str] = field(default_factory=dict)
    brands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    given: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, clients: Iterable["Client"], labels: Mapping[str, frozenset[str]]) -> "Names":
        """`labels`: of the domains that are a client's own, by his table."""
        whole: dict[str, str] = {}
        phrases: dict[str, str] = {}
        brands: dict[str, tuple[str, ...]] = {}
        given: set[tuple[str, str]] = set()
        clients = tuple(clients)
        first = {called[0] for client in clients for one in client.names.values() if (called := words(one))}
        for client in clients:
            own = frozenset(skeleton(one) for one in labels.get(client.id, ()) if len(one) >= SHORTEST_BRAND)
            company = words(client.name)
            if len(company) > 1:  # a single word that is no domain of his may be anybody's first name
                phrases.setdefault(" ".join(company), client.id)
            for one in own:
                brands[one] = (*brands.get(one, ()), client.id)
                if one not in first:
                    whole.setdefault(one, client.id)
            for person in client.names.values():
                called = words(person)
                given.update((client.id, one) for one in called[:1])
                if len(called) > 1:
                    phrases.setdefault(" ".join(called), client.id)
                    phrases.setdefault(" ".join((called[-1], *called[:-1])), client.id)
        return cls(whole, phrases, brands, frozenset(given))

    def find(self, shown: str) -> str:
        """The client whose name `shown` is, or holds; "" for nobody's. A first name alone is nobody's."""
        said = words(shown)
        if found := self.whole.get(" ".join(said)):
            return found
        for first, last in combinations(range(len(said) + 1), 2):
            if 1 < last - first <= LONGEST_PHRASE and (found := self.phrases.get(" ".join(said[first:last]))):
                return found
        for word in said:
            for client in self.brands.get(word, ()):
                if any((client, other) in self.given for other in said if other != word):
                    return client
        return ""


def words(name: str) -> tuple[str, ...]:
    """The words of a name as skeletons: "ACME Veterinaria, S.L." -> ("acme", "veterlnarla")."""
    found = (one for one in _WORD.findall(plain(name[:LONGEST].replace(".", ""))) if one not in _FORMS)
    return tuple(skeleton(one) for one in found)[:MOST_WORDS]
