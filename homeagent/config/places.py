"""Where a home is, as far as its time zone tells: the zone's own city and country."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from homeagent.domain.errors import InputError, Issue
from homeagent.domain.site import Place

_COORDINATES = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?")


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        InputError: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        issue = Issue(path="timezone", message="is not known", found=name, remedy="write it as Europe/Berlin")
        raise InputError("--timezone", (issue,)) from error


@lru_cache(maxsize=8)
def place_of_zone(zone: str) -> Place | None:
    """Return the place that a zone is named after, None for one that is no place, as UTC."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        cells = line.split("\t")
        if not line.startswith("#") and len(cells) > 2 and cells[2] == zone:  # noqa: PLR2004 - country, where, zone
            return _place(cells[1], cells[0])
    return None


def _place(coordinates: str, country: str) -> Place | None:
    """Return a place written as ISO 6709 does, degrees and minutes and perhaps seconds."""
    match = _COORDINATES.fullmatch(coordinates)
    if match is None:
        return None
    north, degrees, minutes, seconds, east, degrees_east, minutes_east, seconds_east = match.groups()
    latitude = int(degrees) + int(minutes) / 60 + int(seconds or 0) / 3600
    longitude = int(degrees_east) + int(minutes_east) / 60 + int(seconds_east or 0) / 3600
    return Place(
        latitude_deg=latitude if north == "+" else -latitude,
        longitude_deg=longitude if east == "+" else -longitude,
        country=country,
    )
