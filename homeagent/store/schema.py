"""The tables, as a list of migrations: one is never changed once released, only followed by another."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("homeagent")


@migrations()
def create_history(db: Database) -> None:
    """Create what was measured: `at_ms` is the end of what a reading covers, `start_s` the start of a slot."""
    db.table("readings").create(
        {"entity": str, "at_ms": int, "value": float, "reason": str, "over_s": float},
        pk=("entity", "at_ms"),
        not_null={"over_s"},
    )
    db.table("readings").create_index(["at_ms"])
    for name in ("readings_5min", "readings_hourly"):
        db.table(name).create(
            {"entity": str, "start_s": int, "value": float, "covered_s": float}, pk=("entity", "start_s")
        )
        db.table(name).create_index(["start_s"])
    db.table("prices").create(
        {"start_s": int, "step_s": int, "import_per_kwh": float, "export_per_kwh": float, "seen_at_s": int},
        pk="start_s",
    )


@migrations()
def create_decisions(db: Database) -> None:
    """Create what was expected, planned, decided and commanded: the head in columns, the rest as JSON."""
    for name in ("forecasts", "plans"):
        db.table(name).create({"id": int, "issued_at_s": int, "kind": str, "content": str}, pk="id")
        db.table(name).create_index(["issued_at_s"])
    for name in ("decisions", "commands"):
        db.table(name).create({"id": int, "at_s": int, "device": str, "content": str}, pk="id")
        db.table(name).create_index(["at_s"])


@migrations()
def create_ledger(db: Database) -> None:
    """Create what really happened and what it saved."""
    db.table("settled_slots").create(
        {
            "start_s": int,
            "hours": float,
            "load_kw": float,
            "pv_kw": float,
            "battery_kw": float,
            "grid_kw": float,
            "curtailed_kw": float,
            "soc_kwh": float,
            "import_price_per_kwh": float,
            "export_price_per_kwh": float,
            "carbon_g_per_kwh": float,
            "cost": float,
        },
        pk="start_s",
    )
    db.table("savings").create(
        {
            "day": str,
            "cost": float,
            "cost_without_battery": float,
            "cost_rule": float,
            "stored_value": float,
            "saved_against_none": float,
            "saved_against_rule": float,
            "import_kwh": float,
            "export_kwh": float,
            "carbon_kg": float,
        },
        pk="day",
    )


@migrations()
def create_proofs(db: Database) -> None:
    """Create what became of commands, the planner's whole inputs for a replay, and single facts to be remembered."""
    db.table("outcomes").create(
        {"id": int, "at_s": int, "device": str, "issued_at_s": int, "kind": str, "content": str}, pk="id"
    )
    db.table("outcomes").create_index(["device", "issued_at_s"])
    db.table("problems").create({"digest": str, "issued_at_s": int, "content": bytes}, pk="digest")
    db.table("problems").create_index(["issued_at_s"])
    db.table("facts").create({"name": str, "content": str}, pk="name")


@migrations()
def create_issued_forecasts(db: Database) -> None:
    """Create the forecasts of others as they were issued: the numbers are packed thousandths, mean, low, high."""
    db.table("issued_forecasts").create(
        {
            "provider": str,
            "quantity": str,
            "issued_at_s": int,
            "start_s": int,
            "step_s": int,
            "count": int,
            "low_level": float,
            "high_level": float,
            "content": bytes,
        },
        pk=("provider", "quantity", "issued_at_s"),
    )
    db.table("issued_forecasts").create_index(["issued_at_s"])


@migrations()
def add_spot_prices(db: Database) -> None:
    """Add the market price that a price was put together from, where there is one."""
    db.table("prices").add_column("spot_per_kwh", float)


@migrations()
def create_night_marks(db: Database) -> None:
    """Create how the students did on each day that passed, beside the floor; `coverage` is of the 80 % band."""
    db.table("night_marks").create(
        {
            "day": str,
            "quantity": str,
            "model_id": str,
            "pinball_kw": float,
            "floor_pinball_kw": float,
            "mae_kw": float,
            "floor_mae_kw": float,
            "coverage": float,
        },
        pk=("day", "quantity"),
    )


@migrations()
def create_thinks(db: Database) -> None:
    """Create when the agent thought, why, how hard, and what it was worth."""
    db.table("thinks").create(
        {
            "id": int,
            "at_s": float,
            "wake": str,
            "depth": str,
            "cpu_seconds": float,
            "worth": float,
            "next_at_s": float,
        },
        pk="id",
    )
    db.table("thinks").create_index(["at_s"])


@migrations()
def add_own_use(db: Database) -> None:
    """Add what the agent itself used by local day, and what of it was taken from a day's savings."""
    db.table("footprint_days").create({"day": str, "content": str}, pk="day")
    for name in ("own_kwh", "own_cost", "own_cost_low", "own_cost_high"):
        db.table("savings").add_column(name, float)


def order_readings_by_time(db: Database) -> None:
    """Keep readings in the order in which they come: what a minute brings lies on one page, and is one small write."""
    db.execute("""
        CREATE TABLE readings_by_time (
          at_ms INTEGER NOT NULL, entity TEXT NOT NULL, value FLOAT, reason TEXT, over_s FLOAT NOT NULL,
          PRIMARY KEY (at_ms, entity)
        ) WITHOUT ROWID
    """)
    db.execute(
        "INSERT INTO readings_by_time (at_ms, entity, value, reason, over_s) "
        "SELECT at_ms, entity, value, reason, over_s FROM readings ORDER BY at_ms, entity"
    )
    db.table("readings").drop()
    db.execute("ALTER TABLE readings_by_time RENAME TO readings")


@migrations()
def create_kept_state(db: Database) -> None:
    """Create what the agent goes on with after a restart."""
    db.table("kept_state").create(
        {"name": str, "version": str, "made_for": str, "at_s": int, "checksum": str, "content": bytes}, pk="name"
    )


@migrations()
def create_anomalies(db: Database) -> None:
    """Create what was odd in the home, and what became of it."""
    db.table("anomalies").create({"number": int, "found_at_s": int, "standing": str, "content": str}, pk="number")


@migrations()
def create_satisfaction(db: Database) -> None:
    """Create how content people can have been with each day, and what they said of decisions."""
    db.table("satisfaction_days").create({"day": str, "content": str}, pk="day")
    db.table("thumbs").create({"decision": str, "at_s": int, "up": int}, pk="decision")
