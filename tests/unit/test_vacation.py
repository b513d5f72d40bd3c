"""A home that nobody is in: no water is drawn, no car is needed, and all is ready for the return."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from device_plans import GRID, tasks

from homeagent.agent.devices.by_hand import asked_of, while_away
from homeagent.domain.people import Asked, Vacation
from homeagent.domain.tasks import CarTask, HoursTask, TankTask
from homeagent.planning.tank import best_response

HOUR = timedelta(hours=1)
START = GRID.start


def away(since_h: float, until_h: float) -> Vacation:
    return Vacation(since=START + since_h * HOUR, until=START + until_h * HOUR)


def tank(vacation: Vacation | None, asked: Asked | None = None) -> TankTask:
    task = asked_of(while_away(tasks()["tank"], vacation, GRID), asked or Asked(device="tank"), GRID)
    assert isinstance(task, TankTask)
    return task


def test_a_tank_is_clean_when_people_are_back_and_not_before() -> None:
    whole = tank(away(-24, 24))
    assert whole.drawn_kwh[:96].sum() == whole.drawn_high_kwh[:96].sum() == 0
    assert whole.drawn_kwh[96:].sum() > 0
    assert whole.hygiene_by == 95
    assert tank(away(-24, 500)).hygiene_by is None
    assert tank(away(60, 500)).hygiene_by == tank(None).hygiene_by == 150


def test_a_tank_rests_while_nobody_is_there() -> None:
    from device_plans import cost  # noqa: PLC0415 - of this test alone

    at_home, gone = best_response(tank(None), cost()), best_response(tank(away(-24, 500)), cost())
    assert gone.power_kw.sum() < 0.2 * at_home.power_kw.sum()
    assert gone.wish_cost <= at_home.wish_cost


def test_a_car_is_needed_when_people_are_back() -> None:
    def car(vacation: Vacation | None) -> CarTask:
        task = while_away(tasks()["car"], vacation, GRID)
        assert isinstance(task, CarTask)
        return task

    assert car(away(-1, 500)).needed_kwh == 0  # it stays
    assert car(away(-1, 500)).leaves.sum() == 0
    assert car(away(-1, 10)).needed_kwh == 18.0  # back before it leaves
    assert car(away(30, 500)).needed_kwh == 18.0  # it takes them there


def test_a_tank_can_be_asked_to_be_hot_once() -> None:
    asked = Asked(device="tank", target=55.0, target_until=START + 4 * HOUR)
    plain = tasks()["tank"]
    assert isinstance(plain, TankTask)
    hot = asked_of(tank(away(-24, 500)), asked, GRID)
    assert isinstance(hot, TankTask)
    assert (hot.spec.hygiene_c, hot.hygiene_by) == (55.0, 15)
    assert tank(None, asked).spec.hygiene_c == plain.spec.hygiene_c  # it is due anyhow, and hotter
    assert tank(None, asked).hygiene_by == 15


def test_not_tonight_holds_for_what_owes_hours_too() -> None:
    pool = asked_of(tasks()["pool"], Asked(device="pool", not_before=START + 13 * HOUR), GRID)
    assert isinstance(pool, HoursTask)
    assert not pool.allowed[:52].any()
    assert np.array_equal(pool.allowed[52:], tasks()["pool"].allowed[52:])  # type: ignore[union-attr]  # it is one
