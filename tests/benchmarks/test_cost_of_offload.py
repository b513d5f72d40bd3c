"""What a training takes of the small machine, done here and done elsewhere; the figures are printed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from dask_processes import scheduler, worker

PROGRAM = """
import json, resource, sys
from dask_processes import request_of_a_home
from homeagent.domain.learning import Offload
from homeagent.learning.child import train_by, train_in_child
from homeagent.learning.training import Trained

if __name__ == "__main__":
    address, lines = sys.argv[1], []
    request = request_of_a_home(365, teacher=True)
    done = train_in_child(request, lines.append) if address == "here" else train_by(
        Offload(address=address), request, lines.append
    )
    assert isinstance(done, Trained) and done.model is not None, done
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({
        "CPU s": round(used.ru_utime + used.ru_stime, 2), "MB": used.ru_maxrss // 1024, "last": lines[-1]
    }))
"""


def cost(folder: Path, address: str) -> dict[str, float | str]:
    program = folder / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, str(program), address],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, float | str] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_a_training_elsewhere_is_light_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = cost(tmp_path, "here")
    with scheduler(tmp_path) as (address, _), worker(tmp_path, address):
        elsewhere = cost(tmp_path, address)
    with capsys.disabled():
        print(f"\na year, hourly; here: {here}; elsewhere: {elsewhere}")  # noqa: T201 - the figures are the point
    assert float(elsewhere["CPU s"]) < 0.35 * float(here["CPU s"])
    assert float(elsewhere["MB"]) < 0.7 * float(here["MB"])
