"""The part of the report that shows how the agent thought on a day: drawn by the page's own script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import homeagent.web

PAGE = Path(homeagent.web.__file__).with_name("page")
SCRIPTS = (PAGE / "day.js", PAGE / "devices_day.js")
DAYS_SHOWN = 14
CHOOSING = """
const days = JSON.parse(document.getElementById("day-data").textContent), chooser = document.getElementById("day");
function show() {
  const picture = days.find((one) => one.day === chooser.value);
  document.getElementById("day-text").textContent = picture.sentence;
  showDayWords(document.getElementById("day-thinks"), picture);
  drawDay("day-chart", picture);
  showDeviceWords(document.getElementById("devices-day-words"), picture);
  drawDeviceDay("devices-day-chart", picture);
}
offerDays(chooser, days.map((one) => one.day));
chooser.onchange = show;
show();
"""


def day_section(days: Mapping[date, Mapping[str, object]], first: date | None) -> Iterator[str]:
    """Give the section, with a choice of the day `first` and the newest days; nothing where no day was drawn."""
    if not days:
        return
    newest = [day for day in sorted(days, reverse=True)[:DAYS_SHOWN] if day != first]
    shown = ([first] if first in days else []) + newest
    data = json.dumps([days[day] for day in shown if day is not None]).replace("<", "\\u003c")
    scripts = "".join(script.read_text(encoding="utf-8") for script in SCRIPTS).replace('"use strict";', "")
    yield (
        "<h2>A day: looks, thinks and sleep</h2><p>To choose: the day above, and the newest of the window.</p>"
        "<p><select id=day aria-label='Which day'></select> <span id=day-text></span></p>"
        "<div id=day-chart class=chart></div><div id=devices-day-chart class=chart hidden></div>"
        "<div id=devices-day-words></div><ul id=day-thinks></ul>"
        f"<script type='application/json' id=day-data>{data}</script>"
        f"<script>{scripts}{CHOOSING}</script>"
    )
