"""A known day of a tank, a washing with its dryer, and a pump. Run this file with Python to write it anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from water_tasks import a_day_of_prices, prices, pump, run, tank_task, washing

from homeagent.domain.devices import CopCurve, TankSpec
from homeagent.domain.grid import frozen_array
from homeagent.planning import appliances, hours, tank
from homeagent.planning.response import Response

GOLDEN = Path(__file__).with_name("water_day.json")
DAY = prices(a_day_of_prices())
HEAT_PUMP = TankSpec(name="tank", litres=300, max_kw=0.6, cop=CopCurve(cop=frozen_array([3.0])))


def answers() -> dict[str, Response]:
    chain = (run(), run(spec=washing(name="dryer", after="washing")))
    washed, dried = appliances.sequence_response(chain, DAY)
    return {
        "tank": tank.best_response(tank_task(), DAY),
        "tank, hygiene due by the evening": tank.best_response(tank_task(hygiene_by=80), DAY),
        "heat pump": tank.best_response(tank_task(spec=HEAT_PUMP), DAY),
        "washing": washed,
        "dryer after it": dried,
        "pump": hours.best_response(pump(96), DAY),
    }


def plain(response: Response) -> dict[str, Any]:
    def rounded(values: Any) -> list[float | None]:  # noqa: ANN401  (an array or None)
        return [] if values is None else [round(float(x), 2) if np.isfinite(x) else None for x in values]

    return {
        "power_kw": rounded(response.power_kw),
        "level": rounded(response.level) if np.isfinite(response.level).all() else [],
        "target_c": rounded(response.target_c),
        "start_slot": response.start_slot,
        "wish_cost": round(response.wish_cost, 4),
        "unmet": list(response.unmet),
    }


@pytest.mark.parametrize("name", answers())
def test_a_known_day_is_planned_as_known(name: str) -> None:
    assert plain(answers()[name]) == json.loads(GOLDEN.read_text(encoding="utf-8"))[name]


if __name__ == "__main__":
    found = {name: plain(response) for name, response in answers().items()}
    lines = [f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in found.items()]
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
