"""The stories of tests/cases/reputation.toml told to a real Redis: it ends as the model says."""

import pytest

from milter.core.evidence import Evidence
from milter.store.api import FactsQuery
from milter.store.redis import RedisStore
from tests.core.reputation_stories import Story, stories, told
from tests.store.stories import event


@pytest.mark.parametrize("story", stories(), ids=lambda one: one.name)
async def test_a_story_ends_as_it_is_told(store: RedisStore, story: Story) -> None:
    for number, one in enumerate(told(story)):
        pieces = (Evidence("ana", one.who, one.kind, one.once),)
        await store.settle(event(f"e{number}", now=one.at, evidence=pieces))
        if one.step:
            found = (await store.facts(FactsQuery(one.at, "acme.example", one.who, judges=("ana",)))).standing["ana"]
            assert found.code == one.step.standing, one.step
