"""Puts the devices of a home together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from homeagent.agent.device_reasoning import Reasoner
from homeagent.agent.devices.asking import Asking
from homeagent.agent.devices.book import DeviceBook
from homeagent.agent.devices.learned import Learned, Past
from homeagent.agent.devices.memory import DeviceMemory
from homeagent.agent.devices.outdoor import Outdoor
from homeagent.agent.devices.rooms import Rooms
from homeagent.agent.devices.sessions import SessionBook
from homeagent.agent.habit_book import mean_price
from homeagent.agent.people_book import PeopleBook
from homeagent.agent.price_book import PriceBook
from homeagent.domain.devices import DeviceKnown
from homeagent.domain.site import SiteSpec
from homeagent.domain.wishes import Wish
from homeagent.store import Store

USUAL_PER_KWH = 0.30
"""What a kWh is taken to cost before any price is known."""
LEAST_PER_KWH = 0.02


def device_book(
    devices: tuple[DeviceKnown, ...],
    wishes: Mapping[str, Wish],
    site: SiteSpec,
    store: Store,
    prices: PriceBook,
    past: Past,
    rooms: Rooms,
    people: PeopleBook,
    now: datetime,
) -> DeviceBook | None:
    """Return the book of a home's devices, None where it has none beside the battery."""
    if not devices:
        return None

    def usual_per_kwh(at: datetime) -> float:
        mean = mean_price(prices, at)
        return USUAL_PER_KWH if mean is None else max(mean, LEAST_PER_KWH)

    learned = Learned(devices, SessionBook(store), past, site.timezone, site.place)
    asking = Asking(devices, wishes, learned, rooms, people, site.timezone, usual_per_kwh)
    return DeviceBook(asking, DeviceMemory(devices, now), Outdoor(now, site.place), store, Reasoner(site.timezone))
