"""A battery meter that counts backwards is found out by the state of charge; rounding and rests are not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homeagent.hass.charge_witness import ChargeWitness

MINUTE_H = 1 / 60


def lived(powers_kw: list[float], sign: int, *, decimals: int = 1, capacity_kwh: float = 10.0) -> bool:
    """Return whether a battery counts backwards whose meter shows `sign` times its power for half an hour each."""
    witness, soc_kwh = ChargeWitness(capacity_kwh), 5.0
    for kw in powers_kw:
        for _ in range(30):
            before_kwh, soc_kwh = soc_kwh, min(max(soc_kwh - kw * MINUTE_H, 0.0), capacity_kwh)
            had_kw = (before_kwh - soc_kwh) / MINUTE_H  # none where it is full or empty
            witness.see(sign * had_kw, MINUTE_H, round(soc_kwh, decimals))
    return witness.backwards


def test_a_turned_meter_is_named() -> None:
    assert lived([-3, -3, 3, 3], sign=-1)
    assert not lived([-3, -3, 3, 3], sign=1)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12), st.integers(0, 1))
def test_a_right_meter_is_never_blamed(powers_kw: list[float], decimals: int) -> None:
    assert not lived(powers_kw, sign=1, decimals=decimals)


def test_a_gap_begins_anew() -> None:
    witness = ChargeWitness(10.0)
    witness.see(3.0, MINUTE_H, 5.0)
    witness.see(None, MINUTE_H, 6.0)
    for soc_kwh in (7.0, 8.0):  # charged while nobody looked: no contradiction with the rest that follows
        witness.see(0.0, MINUTE_H, soc_kwh)
    assert not witness.backwards
