"""The shortcut to one country's holidays says what the library says, and loads no other country."""

from __future__ import annotations

import subprocess
import sys

import holidays
import pytest

from homeagent.forecasting.public_holidays import holidays_of

PROGRAM = """
import sys
from homeagent.forecasting.public_holidays import holidays_of
assert holidays_of("FR", 2024)
print(sum(name.startswith("holidays.countries.") for name in sys.modules))
"""


@pytest.mark.parametrize("country", ["DE", "FR", "GB", "UK", "US", "CA", "NO", "AX", "AU", "JP"])
def test_it_says_what_the_library_says(country: str) -> None:
    assert holidays_of(country, 2024) == tuple(holidays.country_holidays(country, years=2024))


def test_an_unknown_country_has_none() -> None:
    assert holidays_of("XX", 2024) == ()


def test_one_country_is_loaded_not_all() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 10
