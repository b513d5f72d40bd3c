"""The store on a real file: what is written is read, refusals are plain, nothing waits too long."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from homeagent.devices.battery import self_consumption
from homeagent.domain.command import Command, FollowPolicy
from homeagent.domain.errors import StoreError
from homeagent.domain.grid import TimeGrid
from homeagent.domain.ledger import SettledSlot
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Reading
from homeagent.domain.site import BatterySpec
from homeagent.domain.thinking import ThinkRecord
from homeagent.store import Store
from homeagent.store.schema import migrations
from homeagent.store.store import FLUSH_AFTER_S, TAKEN_IN_AFTER_S

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
JOURNAL = "a.db-journal.jsonl"
RULE = self_consumption(BatterySpec(capacity_kwh=5, max_charge_kw=2, max_discharge_kw=2))


def minute_means(end: datetime, count: int, value: float = 1.0) -> list[Reading]:
    return [
        Reading(entity="load_kw", at=end - k * MINUTE, value=value + k % 5, over=MINUTE) for k in reversed(range(count))
    ]


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def test_readings_and_gaps_come_back_as_they_were(tmp_path: Path) -> None:
    given = [
        *minute_means(NOW, 3),
        Reading(entity="pv_kw", at=NOW + MINUTE, value=None, reason="unavailable"),
        Reading(entity="soc_kwh", at=NOW + 2 * MINUTE, value=4.25),
    ]
    with Store.open(tmp_path / "a.db") as store:
        store.write_readings(given)
    with Store.open(tmp_path / "a.db") as store:
        assert list(store.readings_since(NOW - timedelta(days=1))) == given
        assert list(store.readings_since(NOW)) == given[3:]


def test_prices_come_back_in_unbroken_blocks_and_the_later_word_counts(tmp_path: Path) -> None:
    def published(hours: int, count: int, price: float) -> PublishedPrices:
        grid = TimeGrid(start=NOW + timedelta(hours=hours), step=timedelta(hours=1), count=count)
        return PublishedPrices(grid=grid, import_per_kwh=np.full(count, price), export_per_kwh=np.full(count, 0.1))

    with Store.open(tmp_path / "a.db") as store:
        store.write_prices(published(0, 3, 0.2), seen_at=NOW)
        store.write_prices(published(2, 2, 0.3), seen_at=NOW)
        store.write_prices(published(10, 2, 0.4), seen_at=NOW)
        blocks = list(store.prices_since(NOW))
    assert [block.import_per_kwh.tolist() for block in blocks] == [[0.2, 0.2, 0.3, 0.3], [0.4, 0.4]]


def test_the_price_paid_stays_a_day_after_its_slot(tmp_path: Path) -> None:
    """And keeps the market price in it, so that it can be put together anew."""
    hour, day = timedelta(hours=1), timedelta(days=1)

    def published(price: float, spot: float | None) -> PublishedPrices:
        grid = TimeGrid(start=NOW, step=hour, count=2)
        market = None if spot is None else np.array([spot, np.nan])
        both = np.full(2, price)
        return PublishedPrices(grid=grid, import_per_kwh=both, export_per_kwh=both, spot_per_kwh=market)

    query = "SELECT import_per_kwh, spot_per_kwh FROM prices ORDER BY start_s"
    with Store.open(tmp_path / "a.db") as store:
        store.write_prices(published(0.2, 0.1), seen_at=NOW)
        store.write_prices(published(0.3, 0.1), seen_at=NOW + day)
        store.flush()
        assert rows(tmp_path / "a.db", query) == [(0.3, 0.1), (0.3, None)]
        store.write_prices(published(0.4, None), seen_at=NOW + day + hour)
        store.flush()
        assert rows(tmp_path / "a.db", query) == [(0.3, 0.1), (0.4, None)]


def test_readings_wait_in_memory_but_never_too_long(tmp_path: Path) -> None:
    clock = [0.0]
    count = "SELECT count(*) FROM readings"
    with Store.open(tmp_path / "a.db", monotonic_s=lambda: clock[0]) as store:
        store.write_readings(minute_means(NOW, 3))
        assert rows(tmp_path / "a.db", count) == [(0,)]
        clock[0] += FLUSH_AFTER_S
        store.write_readings([])
        assert rows(tmp_path / "a.db", count) == [(0,)]
        assert len((tmp_path / JOURNAL).read_text().splitlines()) == 3
        clock[0] += TAKEN_IN_AFTER_S
        store.write_readings(minute_means(NOW + MINUTE, 1))
        assert rows(tmp_path / "a.db", count) == [(4,)]
        assert (tmp_path / JOURNAL).read_text() == ""
    assert FLUSH_AFTER_S <= 60
    assert not (tmp_path / JOURNAL).exists()


def killed(store: Store) -> None:
    """Leave a store as a killed process does."""
    store._connection.close()  # noqa: SLF001 - as above
    os.close(store._lock)  # noqa: SLF001 - as above


def test_what_only_the_journal_has_is_taken_in_once(tmp_path: Path) -> None:
    clock, path = [0.0], tmp_path / "a.db"
    record = ThinkRecord(
        at=NOW, wake="why", depth="full", cpu_seconds=0.1, worth=None, next_at=NOW + timedelta(hours=1)
    )
    store = Store.open(path, monotonic_s=lambda: clock[0])
    clock[0] += FLUSH_AFTER_S
    store.write_readings([*minute_means(NOW, 3), Reading(entity="pv_kw", at=NOW, value=None, reason='no "sun"\n')])
    store.write_think(record)
    clock[0] += FLUSH_AFTER_S
    store.write_fact("one", "old")
    noted = (tmp_path / JOURNAL).read_bytes()
    store.write_fact("one", "new")
    store.flush()
    (tmp_path / JOURNAL).write_bytes(noted)  # killed between the transaction and this
    killed(store)
    for _ in range(2):
        store = Store.open(path)
        assert len(list(store.readings_since(NOW - timedelta(days=1)))) == 4
        assert store.thinks_between(NOW, NOW + MINUTE) == [record]
        assert store.fact("one") == "new"
        killed(store)


@pytest.mark.parametrize("left", [b'[0, "readings", ["load_kw"', b"\x00\xff\n[]\n7\n", b'[0, "no_table", [1]]\n'])
def test_a_journal_that_was_cut_or_damaged_costs_no_more_than_its_lines(tmp_path: Path, left: bytes) -> None:
    clock, path = [0.0], tmp_path / "a.db"
    store = Store.open(path, monotonic_s=lambda: clock[0])
    clock[0] += FLUSH_AFTER_S
    store.write_readings(minute_means(NOW, 3))
    killed(store)
    with (tmp_path / JOURNAL).open("ab") as journal:
        journal.write(left)
    with Store.open(path) as store:
        assert len(list(store.readings_since(NOW - timedelta(days=1)))) == 3


def test_a_journal_of_another_release_does_not_keep_the_agent_from_starting(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        store.write_readings(minute_means(NOW, 3))
        store.flush()
        batch = int(store.fact("journal") or 0)
    (tmp_path / JOURNAL).write_text(f'[{batch + 1}, "readings", ["load_kw", 1]]\n')
    with Store.open(tmp_path / "a.db") as store:
        store.write_readings(minute_means(NOW + 3 * MINUTE, 3))
        assert len(list(store.readings_since(NOW - timedelta(days=1)))) == 6


def test_a_command_is_on_disk_when_the_call_returns(tmp_path: Path) -> None:
    command = Command(
        device="battery",
        instruction=FollowPolicy(policy=RULE),
        issued_at=NOW,
        valid_until=NOW + timedelta(hours=1),
        reason="because",
    )
    with Store.open(tmp_path / "a.db") as store:
        store.write_command(command)
        assert rows(tmp_path / "a.db", "SELECT device, at_s FROM commands") == [("battery", int(NOW.timestamp()))]


def test_old_readings_thin_out_and_keep_their_energy(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", lasting=False) as store:
        store.write_readings(minute_means(NOW, 20 * 1440))
        store.write_readings([Reading(entity="soc_kwh", at=NOW - timedelta(days=15), value=2.0)])
        energy = sum(r.value or 0 for r in store.readings_since(NOW - timedelta(days=30)) if r.entity == "load_kw")
        store.thin_out(NOW)
        kept = list(store.readings_since(NOW - timedelta(days=30)))
        raw = [r for r in kept if r.over == MINUTE]
        coarse = [r for r in kept if r.over > MINUTE]
        assert min(r.at for r in raw) > NOW - timedelta(days=10, hours=1)
        assert {r.over for r in coarse} <= {k * MINUTE for k in range(1, 6)}
        after = sum((r.value or 0) * (r.over / MINUTE) for r in kept if r.entity == "load_kw")
        assert after == pytest.approx(energy)
        assert [r.value for r in kept if r.entity == "soc_kwh"] == [2.0]
        store.thin_out(NOW + timedelta(days=400))
        hourly = [r for r in store.readings_since(NOW - timedelta(days=30)) if r.entity == "load_kw"]
        assert len(hourly) < 20 * 24 + 10 * 288 + 2
        assert sum((r.value or 0) * (r.over / MINUTE) for r in hourly) == pytest.approx(energy)


def test_thinning_twice_changes_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", lasting=False) as store:
        store.write_readings(minute_means(NOW, 15 * 1440))
        store.thin_out(NOW)
        once = list(store.readings_since(NOW - timedelta(days=30)))
        store.thin_out(NOW + timedelta(days=1, seconds=1) - timedelta(days=1))
        assert list(store.readings_since(NOW - timedelta(days=30))) == once


def test_settled_slots_of_a_year_ago_become_hours_of_the_same_cost(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", lasting=False) as store:
        for k in range(96):
            slot = SettledSlot(
                start=NOW + k * timedelta(minutes=15), hours=0.25, load_kw=1.0, pv_kw=0.0, battery_kw=0.0,
                grid_kw=1.0 if k % 2 else -1.0, curtailed_kw=0.0, soc_kwh=2.0, import_price_per_kwh=0.3,
                export_price_per_kwh=0.1,
            )  # fmt: skip
            store.write_settled_slot(slot)
        store.flush()
        query = "SELECT count(*), round(sum(hours), 6), round(sum(cost), 6) FROM settled_slots"
        before = rows(tmp_path / "a.db", query)
        store.thin_out(NOW + timedelta(days=400))
        after = rows(tmp_path / "a.db", query)
    assert (before[0][0], after[0][0]) == (96, 24)
    assert before[0][1:] == after[0][1:]


def test_a_second_agent_is_turned_away(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db"), pytest.raises(StoreError, match="another homeagent"):
        Store.open(tmp_path / "a.db")
    Store.open(tmp_path / "a.db").close()


def test_a_database_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Store.open(path) as store:
        row = {"migration_set": "homeagent", "name": "from_the_future", "applied_at": "2031"}
        store.db.table("_sqlite_migrations").insert(row)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer homeagent"):
        Store.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"timestamp,load_kw\n" * 50, bytes(range(256)) * 20], ids=["text", "binary"])
def test_what_is_no_database_is_refused_and_not_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="no sound database"):
        Store.open(path)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        Store.open(tmp_path / "file" / "a.db")


def test_a_failed_migration_leaves_the_old_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.db"
    with Store.open(path) as store:
        store.write_readings(minute_means(NOW, 3))
    later = Migrations("homeagent")
    for released in migrations.pending(Database(memory=True)):
        later(name=released.name)(lambda _db: None)

    @later(name="breaks_half_way")
    def breaks_half_way(db: Database) -> None:
        db.execute("DROP TABLE readings")
        db.execute("SELECT no_such_column FROM prices")

    with monkeypatch.context() as patch:
        patch.setattr("homeagent.store.schema.migrations", later)
        patch.setattr("homeagent.store.migrating.SCHEMA", Path(__file__))  # as it is in another release
        with pytest.raises(StoreError, match="no_such_column"):
            Store.open(path)
    with Store.open(path) as store:
        assert len(list(store.readings_since(NOW - timedelta(days=1)))) == 3


def test_thinks_come_back_by_their_time(tmp_path: Path) -> None:
    with Store.open(tmp_path / "homeagent.db") as store:
        records = [
            ThinkRecord(
                at=NOW + timedelta(hours=hour),
                wake="new prices were published",
                depth="full",
                cpu_seconds=0.004,
                worth=None if hour == 0 else 0.12,
                next_at=NOW + timedelta(hours=hour + 3),
            )
            for hour in range(3)
        ]
        for record in records:
            store.write_think(record)
        assert store.thinks_between(NOW, NOW + timedelta(hours=2)) == records[:2]
