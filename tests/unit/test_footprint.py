"""What the agent itself uses: counted once, never lost, never made up."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.agent.footprint_book import Counts, FootprintBook, Surroundings
from homeagent.domain.footprint import Estimate, FootprintDay
from homeagent.footprint import rapl
from homeagent.footprint.cpu_meter import OTHER, SIMULATION, TRAINING, CpuMeter, read_counters
from homeagent.footprint.energy import EnergyMeter
from homeagent.footprint.machine_class import MODELS, recognise
from homeagent.footprint.rapl import PackageSpan, RaplReading, read_rapl, share_of, span
from homeagent.footprint.task_meter import TaskMeter
from homeagent.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def burn(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def used_by_the_process() -> float:
    whole = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in whole)


def test_parts_children_and_the_rest_are_the_process_s_own_time() -> None:
    before = used_by_the_process()
    meter = CpuMeter()
    with meter.part("plan"):
        burn(0.02)
        with meter.part("store"):
            burn(0.03)
    burn(0.02)
    child = multiprocessing.get_context("fork").Process(target=burn, args=(0.05,))
    child.start()
    child.join()
    totals = meter.totals()
    assert sum(totals.values()) == pytest.approx(used_by_the_process() - before, abs=0.005)
    assert totals["plan"] == pytest.approx(0.02, abs=0.005)
    assert totals["store"] == pytest.approx(0.03, abs=0.005)
    assert totals[TRAINING] >= 0.05
    assert totals[OTHER] >= 0.02


def test_a_part_that_waits_is_not_charged_with_a_task_that_counts_for_itself() -> None:
    meter = CpuMeter()

    async def page() -> str:
        burn(0.02)
        await asyncio.sleep(0)
        burn(0.02)
        return "page"

    async def rounds() -> str:
        served = asyncio.create_task(meter.following("web", page()))
        with meter.part("link"):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return await served

    assert asyncio.run(rounds()) == "page"
    assert meter.seconds["web"] == pytest.approx(0.04, abs=0.01)
    assert meter.seconds["link"] < 0.01


def test_parts_that_overlap_end_each_for_itself() -> None:
    meter = CpuMeter()

    async def one(name: str, pauses: int) -> None:
        with meter.part(name):
            for _ in range(pauses):
                await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(one("link", 1), one("store", 3))

    asyncio.run(both())
    counted = dict(meter.seconds)
    burn(0.02)
    with meter.part("plan"):
        pass
    assert meter.seconds["link"] == counted["link"]
    assert meter.seconds["store"] == counted["store"]


def test_a_counted_task_can_be_cancelled_and_its_error_comes_out() -> None:
    meter = CpuMeter()
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")

    async def broken() -> None:
        await asyncio.sleep(0)
        raise ValueError("broken")

    async def run() -> None:
        asyncio.get_running_loop().set_task_factory(TaskMeter(meter, {__name__: "web"}))
        task = asyncio.create_task(forever(), name="kept")
        assert task.get_name() == "kept"
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(ValueError, match="broken"):
            await asyncio.create_task(broken())

    asyncio.run(run())
    assert ended == ["cancelled"]
    assert meter.seconds["web"] > 0


def test_what_the_machine_does_not_tell_is_a_gap(tmp_path: Path) -> None:
    assert read_counters(tmp_path).written_bytes is None
    io = tmp_path / "proc/self/io"
    io.parent.mkdir(parents=True)
    io.write_text("rchar: 9\nwrite_bytes: 8192\ncancelled_write_bytes: 4096\n")
    assert read_counters(tmp_path).written_bytes == 4096


def machine(root: Path, **files: str) -> Path:
    for name, content in files.items():
        path = root / {
            "board": "proc/device-tree/model",
            "cpuinfo": "proc/cpuinfo",
            "chassis": "sys/class/dmi/id/chassis_type",
            "product": "sys/class/dmi/id/product_name",
        }.get(name, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"board": "Raspberry Pi 3 Model B Plus Rev 1.3\0"}, "raspberry-pi-3"),
        ({"board": "Raspberry Pi 4 Model B Rev 1.4\0"}, "raspberry-pi-4"),
        ({"board": "Raspberry Pi Compute Module 4 Rev 1.0\0"}, "raspberry-pi-4"),
        ({"board": "Raspberry Pi 5 Model B Rev 1.0\0"}, "raspberry-pi-5"),
        ({"board": "Raspberry Pi 500 Rev 1.0\0"}, "raspberry-pi-5"),
        ({"board": "Raspberry Pi 400 Rev 1.0\0"}, "raspberry-pi-4"),
        ({"board": "Hardkernel ODROID-N2Plus"}, "unknown"),
        ({"cpuinfo": "model name\t: Intel(R) N100\nflags\t\t: fpu vme\n", "chassis": "35"}, "small-x86"),
        ({"cpuinfo": "model name\t: Intel(R) Celeron(R) J4125 CPU @ 2.00GHz\n"}, "small-x86"),
        ({"cpuinfo": "model name\t: 13th Gen Intel(R) Core(TM) i3-1315U\n", "chassis": "10\n"}, "laptop"),
        ({"cpuinfo": "model name\t: Intel(R) Xeon(R) CPU E5-2670 v2\nflags\t: fpu\n"}, "server"),
        ({"cpuinfo": "model name\t: AMD EPYC\nflags\t\t: fpu hypervisor\n"}, "server"),
        ({"cpuinfo": "model name\t: Intel(R) N100\nflags\t\t: fpu hypervisor\n"}, "unknown"),
        ({"cpuinfo": "model name\t: AMD Ryzen 7 5800X 8-Core Processor\n", "chassis": "3"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_machines_are_known_by_what_they_say(tmp_path: Path, files: dict[str, str], kind: str) -> None:
    assert recognise(machine(tmp_path, **files)).power.name == kind


def test_what_a_busy_core_adds_fits_what_the_machine_draws() -> None:
    for model in MODELS.values():
        (idle_low, idle_high), (busy_low, busy_high) = model.idle_w, model.busy_w
        assert model.busy_core_w.low <= (busy_high - idle_low) / model.cores, model.name
        assert model.busy_core_w.high >= (busy_low - idle_high) / model.cores, model.name


def counter(root: Path, name: str, energy_uj: int, busy_s: float) -> None:
    machine(
        root,
        **{
            f"sys/class/powercap/{name}/name": "package-0\n",
            f"sys/class/powercap/{name}/energy_uj": f"{energy_uj}\n",
            f"sys/class/powercap/{name}/max_energy_range_uj": "262143328850\n",
            f"sys/class/powercap/{name}:0/name": "core\n",
            f"sys/class/powercap/{name}:0/energy_uj": "77\n",
            "proc/stat": f"cpu  {round(busy_s * 100)} 0 0 9999 50 0 0 0 0 0\n",
        },
    )


def test_the_counter_of_each_package_is_read_and_none_of_its_parts(tmp_path: Path) -> None:
    counter(tmp_path, "intel-rapl:0", 5_000_000, 12.0)
    counter(tmp_path, "intel-rapl:1", 7_000_000, 12.0)
    found = read_rapl(tmp_path)
    assert found is not None
    assert {name: energy for name, (energy, _) in found.packages_uj.items()} == {
        "intel-rapl:0": 5_000_000,
        "intel-rapl:1": 7_000_000,
    }
    assert found.busy_cpu_s == 12.0


def test_a_counter_that_may_not_be_read_is_no_counter(tmp_path: Path) -> None:
    assert read_rapl(tmp_path) is None
    counter(tmp_path, "intel-rapl:0", 5_000_000, 12.0)
    energy = tmp_path / "sys/class/powercap/intel-rapl:0/energy_uj"
    energy.unlink()
    energy.mkdir()  # as good as forbidden, for root as well
    assert read_rapl(tmp_path) is None
    assert not EnergyMeter(tmp_path).counted


READING = RaplReading(at_s=1000.0, packages_uj={"intel-rapl:0": (262_143_000_000, 262_143_328_850)}, busy_cpu_s=50.0)


def after(seconds: float, energy_uj: int, busy_s: float = 10.0) -> RaplReading:
    packages = {"intel-rapl:0": (energy_uj, 262_143_328_850)}
    return replace(READING, at_s=READING.at_s + seconds, packages_uj=packages, busy_cpu_s=READING.busy_cpu_s + busy_s)


def test_a_counter_that_went_round_goes_on() -> None:
    used = span(READING, after(300.0, 1_500_000_000))
    assert used is not None
    assert used.joules == pytest.approx(1500 + 0.328850)


@pytest.mark.parametrize(
    "later",
    [
        after(86_400.0, 5_000_000),  # a day's suspend
        after(0.2, 262_143_000_100),  # too soon
        after(300.0, 100_000_000_000),  # set back: it would have been 333 W for five minutes, but for the next line
        replace(after(300.0, 262_143_000_100), packages_uj={}),
        after(300.0, 262_143_000_100, busy_s=-1.0),
    ],
)
def test_readings_that_do_not_belong_together_tell_nothing(later: RaplReading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rapl, "MOST_W", 300.0)
    assert span(READING, later) is None


def test_the_share_is_of_what_is_above_idle_and_its_range_holds_the_rest() -> None:
    used = PackageSpan(seconds=300.0, joules=300 * 5.0, busy_cpu_s=60.0)
    share = share_of(used, own_cpu_s=6.0, idle_w=4.0, cores=4)
    assert share.likely == pytest.approx(300 * 1.0 * 0.1)
    assert share.high == pytest.approx(300 * 5.0 * 0.1 / 0.8)
    assert share.low == pytest.approx(300 * 5.0 * 6 / 1200)


@given(
    st.floats(1, 900), st.floats(0, 900_000), st.floats(0, 4000), st.floats(0, 3000), st.floats(0, 1000), st.integers(1)
)
def test_no_share_is_more_than_there_was(
    seconds: float, joules: float, busy_s: float, own_s: float, idle_w: float, cores: int
) -> None:
    share = share_of(PackageSpan(seconds=seconds, joules=joules, busy_cpu_s=busy_s), own_s, idle_w, cores)
    assert 0 <= share.low <= share.likely <= joules * 1.0001
    assert share.high <= joules / 0.8 * 1.0001


class Clockwork:
    """An agent that has done so much, in a home that pays so much."""

    def __init__(self, path: Path, price: float | None = 0.25, carbon: float | None = None) -> None:
        self.store = Store.open(path)
        self.thinks = 0
        self.price = price
        self.cpu = CpuMeter()
        counts = lambda: Counts(thinks=self.thinks, looks=0, decisions=0)  # noqa: E731 - as the agent has it
        around = Surroundings(import_price_per_kwh=lambda _: self.price, carbon_g_per_kwh=lambda *_: carbon)
        meter = EnergyMeter(path.parent / "no such root")
        self.book = FootprintBook(self.store, self.cpu, BERLIN, counts, around, meter, NOON)

    def use(self, seconds: float, until: datetime) -> None:
        with self.cpu.part("plan"):
            burn(seconds)
        self.thinks += 1
        self.book.take(until)


def test_a_day_of_several_runs_adds_up(tmp_path: Path) -> None:
    for run in range(3):
        home = Clockwork(tmp_path / "a.db")
        home.use(0.02, NOON + timedelta(minutes=5))
        home.store.close()
        day = home.book.days[date(2026, 5, 1)]
        assert day.thinks == run + 1
        assert day.cpu_seconds["plan"] == pytest.approx(0.02 * (run + 1), rel=0.3)
        assert day.running_hours == pytest.approx((run + 1) / 12)
    with Store.open(tmp_path / "a.db") as store:
        assert store.footprint_days() == [day]


def test_what_was_used_belongs_to_the_day_it_began_on(tmp_path: Path) -> None:
    home = Clockwork(tmp_path / "a.db")
    home.use(0.0, datetime(2026, 5, 1, 21, 30, tzinfo=UTC))
    home.use(0.03, datetime(2026, 5, 1, 22, 0, tzinfo=UTC))  # midnight in Berlin
    assert list(home.book.days) == [date(2026, 5, 1)]
    home.use(0.0, datetime(2026, 5, 1, 22, 5, tzinfo=UTC))
    assert home.book.days[date(2026, 5, 1)].thinks == 2
    assert home.book.days[date(2026, 5, 2)].thinks == 1


@pytest.mark.parametrize("jump", [timedelta(hours=1), -timedelta(hours=1), timedelta(days=400), -timedelta(days=400)])
def test_a_clock_that_jumps_loses_and_invents_nothing(tmp_path: Path, jump: timedelta) -> None:
    home = Clockwork(tmp_path / "a.db")
    home.use(0.02, NOON + timedelta(minutes=5))
    home.use(0.02, NOON + timedelta(minutes=5) + jump)
    home.use(0.02, NOON + timedelta(minutes=10))
    days = home.book.days.values()
    assert sum(day.thinks for day in days) == 3
    assert sum(day.cpu_seconds["plan"] for day in days) == pytest.approx(0.06, rel=0.3)
    assert 0 < sum(day.running_hours for day in days) <= 3
    assert all(value >= -0.001 for day in days for value in day.cpu_seconds.values())


def test_a_simulated_home_is_not_the_agent_s_doing(tmp_path: Path) -> None:
    home = Clockwork(tmp_path / "a.db")
    with home.cpu.part(SIMULATION):
        burn(0.2)
    home.use(0.01, NOON + timedelta(minutes=5))
    day = home.book.days[date(2026, 5, 1)]
    assert SIMULATION not in day.cpu_seconds
    assert day.all_cpu_seconds < 0.15


def test_energy_without_a_price_costs_as_much_as_the_rest(tmp_path: Path) -> None:
    home = Clockwork(tmp_path / "a.db", carbon=400.0)
    home.use(0.02, NOON + timedelta(minutes=5))
    home.price = None
    home.use(0.02, NOON + timedelta(minutes=10))
    day = home.book.days[date(2026, 5, 1)]
    assert day.whole_cost is not None
    assert day.whole_cost.likely == pytest.approx(day.energy_wh.likely / 1000 * 0.25)
    assert day.whole_carbon_g is not None
    assert day.whole_carbon_g.high == pytest.approx(day.energy_wh.high / 1000 * 400)
    assert day.energy_wh.likely == pytest.approx(day.all_cpu_seconds * 3.0 / 3600)  # an unknown machine


def test_what_is_not_known_at_all_is_not_stated(tmp_path: Path) -> None:
    home = Clockwork(tmp_path / "a.db", price=None)
    home.use(0.01, NOON + timedelta(minutes=5))
    day = home.book.days[date(2026, 5, 1)]
    assert day.whole_cost is None
    assert day.whole_carbon_g is None


@given(st.floats(-5, 5), st.lists(st.floats(0, 10), min_size=3, max_size=3))
def test_a_price_below_zero_turns_the_range_round(price: float, parts: list[float]) -> None:
    low, likely, high = sorted(parts)
    cost = Estimate(low=low, likely=likely, high=high).times(price)
    assert cost.low <= cost.likely <= cost.high


def test_two_days_together_keep_their_gaps() -> None:
    told = FootprintDay(day=date(2026, 5, 1), written_mb=3.0)
    untold = FootprintDay(day=date(2026, 5, 1), written_mb=None)
    assert told.plus(told).written_mb == 6.0
    assert told.plus(untold).written_mb is None
