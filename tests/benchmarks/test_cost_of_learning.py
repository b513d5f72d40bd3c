"""What learning costs: CPU seconds and memory of a training, of a night, of loading, and in the running process.

The figures are printed; the limits leave room for other machines and other tests beside this one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import homeagent.agent.agent
import gc, json, resource, sys, time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import numpy as np
from homes import START, made_up_home
from homeagent.agent.learner import Learner
from homeagent.agent.model_shelf import ModelShelf
from homeagent.domain.grid import TimeGrid
from homeagent.domain.history import History
from homeagent.domain.learning import LearningRules
from homeagent.domain.readings import Reading
from homeagent.domain.site import Place
from homeagent.footprint.slack import give_back
from homeagent.forecasting.floor import floor_scenarios
from homeagent.learning.child import train_in_child
from homeagent.learning.runtime import NUMPY, choose
from homeagent.simulation.simulated_home import simulated_site

HOUR, DAY, DAYS = timedelta(hours=1), timedelta(days=1), 365


def resident_mb():
    gc.collect()
    give_back()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def main(folder, step, budget):
    place = Place(latitude_deg=52.5, longitude_deg=13.4, country="DE")
    columns, site, end = made_up_home(DAYS, step), replace(simulated_site(), place=place), START + DAYS * DAY
    per_day = DAY // step
    names = ("load_kw", "pv_kw")
    series = {name: columns[name] for name in names}
    recent = {name: values[-42 * per_day :] for name, values in series.items()}
    history = History(grid=TimeGrid(start=end - 42 * DAY, step=step, count=42 * per_day), **recent)
    ahead = TimeGrid(start=end, step=step, count=per_day)
    floor_scenarios(history, ahead, site.timezone, alike=True)
    without = resident_mb()

    def unpriced(grid):
        return np.full(grid.count, np.nan), np.full(grid.count, np.nan)

    rules = LearningRules(models=folder, train_every=None, budget=budget)
    learner = Learner(site, step, rules, end - 6 * DAY, unpriced, None)
    for name in names:
        learner.add(
            Reading(entity=name, at=START + (row + 1) * step, value=value, over=step)
            for row, value in enumerate(series[name].tolist())
        )
    request = replace(learner.request(end - 6 * DAY), search=True, compress=True)
    trained = train_in_child(request, lambda line: None)
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    learner.challenge(trained, end - 6 * DAY)
    assert learner.serving != "floor", learner.reason
    del request, trained
    learner.scenarios(history, ahead, site.timezone, alike=True)
    nights = []
    for day in range(5, -1, -1):
        began = time.process_time()
        learner.tick(end - day * DAY)
        nights.append(time.process_time() - began)
    with_learning = resident_mb()
    shelf = ModelShelf(folder, NUMPY if budget == "small" else choose(), per_day, step)
    began = time.process_time()
    assert shelf.taken_up(end) is not None
    print(json.dumps({
        "training [CPU s]": round(child.ru_utime + child.ru_stime, 1),
        "training [MB]": round(child.ru_maxrss / 1024),
        "a night [ms]": round(1e3 * float(np.median(nights)), 1),
        "loading both students [ms]": round(1e3 * (time.process_time() - began), 1),
        "resident without learning [MB]": round(without, 1),
        "learning adds [MB]": round(with_learning - without, 1),
    }))


if __name__ == "__main__":
    main(Path(sys.argv[1]), timedelta(minutes=int(sys.argv[2])), sys.argv[3])
"""


@pytest.mark.parametrize(("minutes", "budget", "most_mb"), [(60, "normal", 35), (30, "small", 25)])
def test_learning_is_light(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], minutes: int, budget: str, most_mb: float
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, str(program), str(tmp_path / "models"), str(minutes), budget]
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": tests})
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    with capsys.disabled():
        print(f"\nslots of {minutes} minutes, budget {budget}: {told}")  # noqa: T201 - the figures are the point
    assert told["training [CPU s]"] <= 90
    assert told["training [MB]"] <= 600
    assert told["a night [ms]"] <= 100
    assert told["loading both students [ms]"] <= 40
    assert told["learning adds [MB]"] <= most_mb
