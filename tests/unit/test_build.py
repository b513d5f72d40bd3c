from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import homeagent
from homeagent.footprint.build import build_id

PROGRAM = "from homeagent.footprint.build import build_id; print(build_id())"


def test_other_code_of_the_same_version_is_another_build(tmp_path: Path) -> None:
    copy = tmp_path / "homeagent"
    shutil.copytree(Path(homeagent.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))

    def there() -> str:
        done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert there() == build_id()
    assert build_id().startswith(f"{homeagent.__version__}+")
    with (copy / "planning" / "planner.py").open("a") as file:
        file.write("# another line\n")
    assert there() != build_id()
