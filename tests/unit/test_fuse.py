"""The fuse guard: below the limit within a look or two, fair, and back only with room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.control.fuse import FuseGuard, Load
from homeagent.domain.site import GridLimits

LIMITS = GridLimits(max_import_kw=10.0)
LOOK_S = 20


class Home:
    """A home whose devices do what they are left."""

    def __init__(self, limits: GridLimits = LIMITS) -> None:
        self.guard = FuseGuard(limits)
        self.wants = {"car": 7.0, "pump": 1.0, "tank": 2.0, "room": 3.0}
        self.held: dict[str, float] = {}
        self.base_kw = 0.0
        self.at_s = 0.0

    def draws(self, name: str) -> float:
        return min(self.wants[name], self.held.get(name, 99.0))

    @property
    def import_kw(self) -> float:
        return self.base_kw + sum(self.draws(name) for name in self.wants)

    def look(self, times: int = 1) -> None:
        ranks = {"car": 0, "pump": 1, "tank": 2, "room": 3}
        for _ in range(times):
            loads = [
                Load(
                    name=name,
                    rank=rank,
                    draws_kw=self.draws(name),
                    wants_kw=self.wants[name],
                    least_kw=1.4 if name == "car" else None,
                )
                for name, rank in ranks.items()
            ]
            self.held = self.guard.look(self.at_s, self.import_kw, [], loads)
            self.at_s += LOOK_S


def test_the_car_gives_way_in_part_before_anything_is_switched_off() -> None:
    home = Home()
    home.look()
    assert home.held == {"car": pytest.approx(4.0)}
    assert home.import_kw == pytest.approx(10.0)


def test_what_cannot_be_given_in_part_is_switched_off_in_order() -> None:
    home = Home()
    home.base_kw = 5.5
    home.look()
    assert home.held == {"car": 0.0, "pump": 0.0, "tank": 0.0}
    assert home.import_kw == pytest.approx(8.5)


def test_it_comes_back_one_at_a_time_and_only_with_room() -> None:
    home = Home()
    home.base_kw = 6.0
    home.look()
    held = set(home.held)
    home.look(10)
    assert set(home.held) == held  # no room, no return
    home.base_kw = 0.5
    seen = []
    for _ in range(120):
        home.look()
        seen.append(home.import_kw)
        assert home.import_kw <= 10.0
    assert home.held == {"car": pytest.approx(3.0)}  # all it wants would be 13.5 kW
    assert max(seen) == pytest.approx(9.5)


def test_equals_take_turns() -> None:
    guard = FuseGuard(GridLimits(max_import_kw=2.0))
    at_s, turns = 0.0, []
    for _ in range(4):
        both = [Load(name=name, rank=1, draws_kw=1.5, wants_kw=1.5) for name in ("a", "b")]
        (held,) = guard.look(at_s, 3.0, [], both)
        turns.append(held)
        at_s += 600
        alone = [Load(name=name, rank=1, draws_kw=0.0 if name == held else 0.2, wants_kw=1.5) for name in ("a", "b")]
        assert guard.look(at_s, 0.2, [], alone) == {}
        at_s += 600
    assert turns == ["a", "b", "a", "b"]


def test_a_phase_counts_by_itself() -> None:
    guard = FuseGuard(GridLimits(max_import_kw=17.25, phases=3, max_phase_kw=5.75))
    tank = Load(name="tank", rank=2, draws_kw=2.0, wants_kw=2.0)
    assert guard.look(0.0, 8.0, [6.5, 1.0, 0.5], [tank]) == {"tank": 0.0}
    car = Load(name="car", rank=0, draws_kw=3.6, wants_kw=1.4, least_kw=1.4)
    assert FuseGuard(GridLimits(phases=3, max_phase_kw=5.75)).look(0.0, None, [6.5, 1.0, 0.5], [car]) == {
        "car": pytest.approx(2.85)
    }


def test_a_limit_below_the_base_load_is_said() -> None:
    home = Home()
    home.base_kw = 12.0
    home.look(5)
    assert set(home.held.values()) == {0.0}
    assert home.guard.beyond_kw == pytest.approx(2.0)


def test_nothing_is_done_about_what_is_not_known() -> None:
    guard = FuseGuard(LIMITS)
    assert guard.look(0.0, None, [None, None, None], [Load(name="a", rank=0, draws_kw=50.0, wants_kw=50.0)]) == {}


@given(base=st.lists(st.floats(0, 9.5), min_size=1, max_size=60))
def test_after_two_looks_the_home_is_below_its_limit_where_it_can_be(base: list[float]) -> None:
    home = Home()
    for base_kw in base:
        home.base_kw = base_kw
        home.look(2)
        assert home.import_kw <= 10.0 + 1e-9
