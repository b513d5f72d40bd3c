"""Forecasts as issued: kept without loss, thinned out in time, and as a file that can be read back."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from homeagent.domain.errors import InputError, StoreError
from homeagent.domain.grid import TimeGrid
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.readings import Reading
from homeagent.simulation.issued_file import read_issued, write_issued
from homeagent.store import Store
from homeagent.store.issued import stored_forecasts, stored_readings

AT = datetime(2024, 10, 27, 0, 17, 5, tzinfo=UTC)
MINUTES = timedelta(minutes=30)


def forecast(at: datetime = AT, provider: str = "sensor.a+sensor.b", scale: float = 1.0) -> IssuedForecast:
    mean = scale * np.array([0.0, 1.234, np.nan, 4.5])
    grid = TimeGrid(start=at.replace(minute=0, second=0), step=MINUTES, count=4)
    return IssuedForecast(
        provider=provider, quantity="pv_kw", issued_at=at, grid=grid, mean=mean, low=mean / 2, high=mean * 1.5
    )


def same(one: IssuedForecast, other: IssuedForecast) -> bool:
    return one.issued_at == other.issued_at and one.grid.start == other.grid.start and one.says_the_same(other)


def test_what_is_stored_comes_back_with_its_gaps_and_quantiles(tmp_path: Path) -> None:
    carbon = replace(forecast(provider="sensor.co2"), quantity="carbon_g_per_kwh", low=None, high=None)
    with Store.open(tmp_path / "a.db") as store:
        store.write_issued(forecast())
        store.write_issued(carbon)
        found = list(store.issued_forecasts_since(AT - timedelta(days=1)))
        assert list(store.issued_forecasts_since(AT + MINUTES)) == []
    assert same(found[0], forecast())
    assert same(found[1], carbon)
    assert found[1].low is None


def test_after_weeks_one_in_six_hours_is_kept_and_after_a_year_none(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        for hour in range(48):
            for provider in ("a", "b"):
                store.write_issued(forecast(AT + timedelta(hours=hour), provider))
        store.flush()
        store.thin_out(AT + timedelta(days=49))
        assert len(list(store.issued_forecasts_since(AT))) == 96
        store.thin_out(AT + timedelta(days=60))
        kept = list(store.issued_forecasts_since(AT))
        assert len(kept) == 16
        assert {one.issued_at.hour for one in kept} == {5, 11, 17, 23}
        store.thin_out(AT + timedelta(days=400))
        assert list(store.issued_forecasts_since(AT)) == []


def test_a_running_agents_store_can_be_read(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        store.write_issued(forecast())
        store.write_readings([Reading(entity="pv_kw", at=AT, value=1.5, over=MINUTES)])
        store.flush()
        assert same(stored_forecasts(tmp_path / "a.db", AT)[0], forecast())
        (reading,) = stored_readings(tmp_path / "a.db", "pv_kw", AT - MINUTES)
        assert (reading.value, reading.at, reading.over) == (1.5, AT, MINUTES)
    with pytest.raises(StoreError):
        stored_forecasts(tmp_path / "none.db", AT)


def test_past_slots_that_are_gone_are_no_news() -> None:
    whole = forecast()
    later = replace(
        whole,
        issued_at=AT + MINUTES,
        grid=TimeGrid(start=whole.grid.at(1), step=MINUTES, count=3),
        mean=whole.mean[1:],
        low=whole.mean[1:] / 2,
        high=whole.mean[1:] * 1.5,
    )
    assert later.says_the_same(whole)
    assert not whole.says_the_same(later)
    assert not replace(later, mean=later.mean + 0.1).says_the_same(whole)
    assert not replace(later, low=None, high=None).says_the_same(whole)


@pytest.mark.parametrize("name", ["issued.csv", "issued.csv.gz"])
def test_a_file_gives_back_what_was_written(tmp_path: Path, name: str) -> None:
    bare = replace(forecast(AT + MINUTES, "x, y", 2.0), low=None, high=None)
    assert write_issued(tmp_path / name, [forecast(), bare]) == 2
    found = read_issued(tmp_path / name)
    assert [one.provider for one in found] == ["sensor.a+sensor.b", "x, y"]
    assert same(found[0], forecast())
    assert same(found[1], bare)


HEAD = "issued_at,provider,quantity,start,step_minutes,mean,low,high\n"
ROW = "2024-06-05T00:00:00Z,x,pv_kw,2024-06-05T00:00:00Z,60,1.0,,\n"
BAD = {
    "no such column": ("issued_at,mean\n", "lacks provider, quantity, start, step_minutes"),
    "empty": ("", "lacks issued_at"),
    "no zone": (HEAD + ROW.replace("00:00Z", "00:00", 1), "row 2: has a time without a zone"),
    "no quantity": (HEAD + ROW.replace("pv_kw", "pv_w"), "unknown quantity 'pv_w'"),
    "below zero": (HEAD + ROW.replace("1.0", "-1.0"), "a mean of -1"),
    "no number": (HEAD + ROW.replace("1.0", "much"), "row 2"),
    "too few cells": (HEAD + "1,2\n", "row 2"),
    "twice the same slot": (HEAD + ROW + ROW, "overlap or fit no common step"),
    "two steps": (HEAD + ROW + ROW.replace("T00:00:00Z,60", "T02:00:00Z,30"), "overlap or fit no common step"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_wrong_is_refused_with_the_row(tmp_path: Path, name: str) -> None:
    text, told = BAD[name]
    path = tmp_path / "issued.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_issued(path)
    assert told in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_a_broken_archive_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "issued.csv.gz"
    path.write_bytes(gzip.compress((HEAD + ROW * 100).encode())[:40])
    for broken in (path, tmp_path / "none.csv"):
        with pytest.raises(InputError, match="cannot be read"):
            read_issued(broken)
