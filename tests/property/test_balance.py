"""Whatever one meter is missing, the home's powers add up, and nothing is made up where two are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.hass.balance import completed

KW = st.floats(0, 20)
SIGNED_KW = st.floats(-20, 20)
INFLOWS = {"grid_kw", "pv_kw", "battery_kw"}


def home(load_kw: float, pv_kw: float, battery_kw: float) -> dict[str, float | None]:
    return {"load_kw": load_kw, "pv_kw": pv_kw, "battery_kw": battery_kw, "grid_kw": load_kw - pv_kw - battery_kw}


@given(KW, KW, SIGNED_KW, st.sampled_from(["load_kw", "grid_kw", "battery_kw", "pv_kw"]))
def test_one_missing_meter_follows_from_the_others(load_kw: float, pv_kw: float, battery_kw: float, gone: str) -> None:
    whole = home(load_kw, pv_kw, battery_kw)
    measured = {name: kw for name, kw in whole.items() if name != gone}
    found = completed(measured, "unmetered" if gone == "pv_kw" else "metered")
    assert {name: pytest.approx(kw, abs=1e-9) for name, kw in whole.items()} == found


@given(KW, KW, SIGNED_KW)
def test_pv_that_nobody_measures_is_seen_as_surplus(load_kw: float, pv_kw: float, battery_kw: float) -> None:
    whole = home(load_kw, pv_kw, battery_kw)
    found = completed({"grid_kw": whole["grid_kw"], "battery_kw": battery_kw}, "unmetered")
    load, pv = found["load_kw"], found["pv_kw"]
    assert load is not None
    assert pv is not None
    assert load - pv == pytest.approx(load_kw - pv_kw, abs=1e-9)
    assert min(load, pv) == 0


@given(KW, KW, SIGNED_KW, st.sampled_from(["grid_kw", "pv_kw", "battery_kw"]))
def test_a_gap_stays_a_gap(load_kw: float, pv_kw: float, battery_kw: float, silent: str) -> None:
    measured = {name: kw for name, kw in home(load_kw, pv_kw, battery_kw).items() if name != "load_kw"}
    found = completed(measured | {silent: None}, "metered")
    assert found[silent] is None
    assert found["load_kw"] is None


def test_a_home_without_pv_needs_no_meter_for_it() -> None:
    assert completed({"grid_kw": 2.0, "battery_kw": -1.5}, "none") == {
        "grid_kw": 2.0,
        "battery_kw": -1.5,
        "pv_kw": 0.0,
        "load_kw": 0.5,
    }


def test_noise_takes_no_load_below_zero() -> None:
    assert completed({"grid_kw": 0.0, "battery_kw": -0.03}, "none")["load_kw"] == 0.0
