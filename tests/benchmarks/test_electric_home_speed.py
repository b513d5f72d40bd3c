"""What the all-electric home takes: CPU seconds, not the clock's."""

import datetime as dt
import time

from homeagent.simulation.all_electric import AllElectricHome

MOST_US_A_MINUTE = 150.0
"""About 50 on a usual machine; slower ones have room."""


def test_a_simulated_minute_is_quick() -> None:
    home = AllElectricHome(3, dt.datetime(2025, 1, 12, 23, tzinfo=dt.UTC))
    began_s = time.process_time()
    home.advance(dt.timedelta(days=4))
    assert (time.process_time() - began_s) / (4 * 1440) * 1e6 < MOST_US_A_MINUTE
