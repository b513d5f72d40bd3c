"""One look at a whole Home Assistant over its REST interface, for commands that ask, answer and end.

Uses the package homeassistant-api, which the small process never imports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeassistant_api import Client
from homeassistant_api.errors import HomeassistantAPIError
from niquests.exceptions import RequestException

from homeagent.domain.errors import TransientError
from homeagent.domain.wiring import HomeAssistantSpec
from homeagent.hass.asking import state_of
from homeagent.hass.inspection import HomeAssistantFacts

TIMEOUT_S = 10.0
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was found, and how many hours of the last day the recorder knows of each entity."""

    facts: HomeAssistantFacts
    recorded_hours: dict[str, float]


def look(spec: HomeAssistantSpec, entities: Sequence[str], now: datetime) -> Look:
    """Return what Home Assistant says of itself, and what its recorder knows of `entities`.

    Raises:
        TransientError: it does not answer as it should.
    """
    try:
        with Client(
            f"{spec.url}/api",
            spec.token,
            verify_ssl=spec.verify_tls,
            global_request_kwargs={"timeout": TIMEOUT_S},
        ) as client:
            config = client.get_config()
            states = {state.entity_id: state for state in client.get_states()}
            domains = client.get_domains()
            facts = HomeAssistantFacts(
                version=str(config["version"]),
                timezone=str(config["time_zone"]),
                currency=str(config["currency"]),
                states={name: state_of(state.model_dump()) for name, state in states.items()},
                actions=frozenset(f"{name}.{action}" for name, domain in domains.items() for action in domain.services),
            )
            there = [name for name in entities if name in states]
            return Look(facts=facts, recorded_hours={name: _recorded(client, name, now) for name in there})
    except (HomeassistantAPIError, RequestException, ValueError) as error:
        raise TransientError(f"Home Assistant's REST interface fails: {error}") from error


def _recorded(client: Client, name: str, now: datetime) -> float:
    entity = client.get_entity(entity_id=name)
    if entity is None:
        return 0.0
    for history in client.get_entity_histories(entities=(entity,), start_timestamp=now - DAY, end_timestamp=now):
        first = min(state.last_changed for state in history.states)
        return min(max((now - first) / timedelta(hours=1), 0.0), DAY / timedelta(hours=1))
    return 0.0
