"""What is shipped: a wheel that installs, lock files without addresses, docs that name every command."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest

from homeagent.cli import main
from homeagent.config.profile_files import profile_paths

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_the_program_its_page_and_its_starter_models(tmp_path: Path) -> None:
    build = ["-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run([sys.executable, *build], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "homeagent/web/page/index.html" in names
    assert "homeagent/_starter_models/README.md" in names
    shipped = {path.relative_to(ROOT / "models").as_posix() for path in (ROOT / "models").glob("starters/*/*")}
    assert len(shipped) == 10  # for two lengths of slots: a card, and each student's weights and .tflite file
    assert {f"homeagent/_starter_models/{name}" for name in shipped} <= {*names}
    assert {f"homeagent/config/profiles/{name}.yaml" for name in profile_paths()} <= {*names}
    assert not [name for name in names if name.startswith(("tests", "integrations", "models"))]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_lock_files_hold_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "--hash=sha256:" in text
    assert not re.search(r"https?://|--index|--find-links|file:|(^|\s)/", text)


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_and_option_is_documented(command: str) -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    assert f"homeagent {command}" in text
    options = [option for option in main.commands[command].params if isinstance(option, click.Option)]
    for option in options:
        assert option.opts[0] in text
