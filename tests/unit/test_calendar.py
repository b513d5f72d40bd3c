from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from homeagent.domain.grid import TimeGrid
from homeagent.forecasting.calendar import same_time_on_earlier_days, utc_offsets_s

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def grids(now: datetime, days: int = 10, ahead: int = 36, step: timedelta = HOUR) -> tuple[TimeGrid, TimeGrid]:
    count = timedelta(days=days) // step
    return TimeGrid(start=now - days * timedelta(days=1), step=step, count=count), TimeGrid(
        start=now, step=step, count=ahead
    )


@pytest.mark.parametrize(
    "now",
    [
        datetime(2024, 6, 5, 10, tzinfo=UTC),
        datetime(2024, 3, 31, 0, tzinfo=UTC),  # the day of 23 hours begins
        datetime(2024, 4, 2, 7, tzinfo=UTC),
        datetime(2024, 10, 27, 0, tzinfo=UTC),  # the day of 25 hours
        datetime(2024, 10, 29, 7, tzinfo=UTC),
    ],
)
def test_earlier_days_have_the_same_local_time_and_are_past(now: datetime) -> None:
    past, future = grids(now)
    for row in same_time_on_earlier_days(past, future, 7, BERLIN):
        for slot, index in enumerate(row):
            assert -1 <= index < past.count
            if index >= 0:
                local, then = future.at(slot).astimezone(BERLIN), past.at(index).astimezone(BERLIN)
                assert (then.hour, then.minute) == (local.hour, local.minute) or (
                    then.month == 3 and then.day == 31 and then.hour == 3  # 02:00 is skipped, 03:00 stands for it
                )
                assert past.at(index) < future.start


def test_each_row_is_another_day() -> None:
    past, future = grids(datetime(2024, 6, 5, 10, tzinfo=UTC))
    index = same_time_on_earlier_days(past, future, 7, BERLIN)
    assert len({past.at(i).date() for i in index[:, 0]}) == 7
    assert past.at(index[0, 0]) == future.start - timedelta(days=1)
    assert past.at(index[0, 30]) == future.at(30) - timedelta(days=2)


def test_what_lies_before_the_history_is_marked() -> None:
    past, future = grids(datetime(2024, 6, 5, 10, tzinfo=UTC), days=2)
    index = same_time_on_earlier_days(past, future, 7, BERLIN)
    assert (index[:2, :24] >= 0).all()
    assert (index[2:] == -1).all()


def test_offsets_change_within_the_day_of_the_clock_change() -> None:
    grid = TimeGrid(start=datetime(2024, 3, 30, 22, tzinfo=UTC), step=HOUR, count=8)
    assert [int(s) // 3600 for s in utc_offsets_s(grid, BERLIN)] == [1, 1, 1, 2, 2, 2, 2, 2]
