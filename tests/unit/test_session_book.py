"""Stays at a charger as they go by: what they took, how long, and that they are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homeagent.agent.devices.sessions import SessionBook
from homeagent.store import Store

START = datetime(2026, 1, 5, 17, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def test_a_stay_is_told_by_all_that_it_took_and_kept(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home.db", lasting=False) as store:
        book = SessionBook(store)
        for quarter in range(9):
            at = START + quarter * QUARTER
            book.plugged("car", at, 1.0)
            if quarter:
                book.drew("car", at, 6.0, QUARTER)
        assert book.plugged_since("car") == START
        assert book.taken_kwh("car") == pytest.approx(12.0)
        assert book.of("car") == ()
        book.plugged("car", START + 9 * QUARTER, 0.0)
        assert book.taken_kwh("car") == 0.0
        (stay,) = SessionBook(store).of("car")
        assert (stay.plug_in, stay.plug_out) == (START, START + 9 * QUARTER)
        assert stay.energy_kwh == pytest.approx(12.0)
