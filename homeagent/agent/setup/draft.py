"""A configuration before it is written: whether it would load, and what its tariff makes of the prices known now."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from homeagent.agent.discovery.yaml_text import write_config
from homeagent.agent.live.prices import LivePrices
from homeagent.config import Config, load_config
from homeagent.config.profile_files import folder_beside
from homeagent.domain.errors import HomeAgentError, InputError
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.survey import Survey
from homeagent.domain.wiring import HomeAssistantSpec, Wiring
from homeagent.hass.connection import Connection
from homeagent.hass.entities import EntityState
from homeagent.sources.price_entries import midnight

SHOWN = timedelta(hours=48)
"""Today and tomorrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is wrong with a configuration, and its prices as the page draws them."""

    problems: tuple[str, ...] = ()
    prices: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class _At:
    """A clock that stands at the survey."""

    at: datetime

    def now(self) -> datetime:
        return self.at


async def drafted(text: str, spec: HomeAssistantSpec, survey: Survey, path: Path) -> Draft:
    """Return what a configuration that is to stand at `path` would be."""
    try:
        config = _loaded(text, spec.token, path).adopting(survey.timezone, survey.currency)
    except InputError as error:
        return Draft(problems=tuple(str(issue) for issue in error.issues))
    if config.wiring is None:
        return Draft(problems=("no meters were found: nothing can be planned without them",))
    return Draft(prices=await _prices(config, config.wiring, spec, survey))


def _loaded(text: str, token: str, path: Path) -> Config:
    """Load a configuration as if it stood at `path`, with the profiles that lie there."""
    with tempfile.TemporaryDirectory(prefix="homeagent-setup-") as folder:
        draft, profiles = Path(folder) / path.name, folder_beside(path).resolve()
        write_config(draft, text, token)
        if profiles.is_dir():
            folder_beside(draft).symlink_to(profiles)
        return load_config(draft)


async def _prices(config: Config, wiring: Wiring, spec: HomeAssistantSpec, survey: Survey) -> Mapping[str, object]:
    """Return the prices of today and tomorrow as far as they are known, and what is wrong with them."""
    prices = LivePrices(wiring.prices, config.site, _At(survey.at))
    for name in wiring.prices.entities():
        prices.see(name, _state(survey, name))
    failed = []
    if prices.due():
        try:
            connection = await Connection.open(spec)
            try:
                await prices.fetch(connection.command)
            finally:
                await connection.close()
        except HomeAgentError as error:
            failed.append(str(error))
    published = prices.published()
    return {
        "currency": config.site.currency,
        "timezone": config.site.timezone.key,
        "slots": [] if published is None else _slots(published, survey.at, config),
        "problems": [*failed, *prices.problems()],
    }


def _slots(published: PublishedPrices, now: datetime, config: Config) -> list[dict[str, object]]:
    first = midnight(now.astimezone(config.site.timezone).date(), config.site.timezone)
    return [
        {"start": at.isoformat(), "import_per_kwh": round(float(buys), 5), "export_per_kwh": round(float(sells), 5)}
        for at, buys, sells in zip(
            published.grid.starts(), published.import_per_kwh, published.export_per_kwh, strict=True
        )
        if first <= at < first + SHOWN and not np.isnan(buys) and not np.isnan(sells)
    ]


def _state(survey: Survey, name: str) -> EntityState | None:
    found = survey.entities.get(name)
    if found is None or found.state is None:
        return None
    return EntityState(entity_id=name, state=found.state, attributes=found.attributes, updated_at=survey.at)
