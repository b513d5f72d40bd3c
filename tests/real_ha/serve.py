"""Serves the lab until Ctrl-C, with what an agent needs beside it, for a look by hand."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from real_ha.agent_config import config_yaml
from real_ha.imported_history import put_home
from real_ha.lab import HASS, Lab
from real_ha.wild.descriptions import home, home_names
from real_ha.wild.lab import WildLab


def usual(folder: Path, lab: Lab) -> Iterator[str]:
    """Give the lab's own home a past and a configuration; yields what can be done with it."""
    lab.fresh()
    put_home(lab, days=3)
    (folder / "config.yaml").write_text(config_yaml(lab))
    yield f".venv/bin/homeagent run {folder}/config.yaml"
    yield f".venv/bin/homeagent ledger --store {folder}/homeagent.db"


def wild(folder: Path, lab: WildLab) -> Iterator[str]:
    """Give one of the odd homes its past and a token's file; yields what can be done with it."""
    lab.move_in()
    (folder / "token").write_text(lab.users.tokens["agent"])
    yield f".venv/bin/homeagent discover --url {lab.url} --token-file {folder}/token --out {folder}/config.yaml"
    yield f".venv/bin/homeagent run {folder}/config.yaml"


def serve(folder: Path, name: str | None) -> None:
    if not HASS.exists():
        sys.exit("no Home Assistant here: script/setup --tests installs it where Python 3.13 is found")
    if folder.exists() and any(folder.iterdir()) and not (folder / "home_assistant").exists():
        sys.exit(f"{folder} is no lab's folder; name an empty one")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "home_assistant").mkdir(parents=True)
    lab = Lab(folder / "home_assistant") if name is None else WildLab(folder / "home_assistant", {name: home(name)})
    lab.start()
    try:
        lab.wait()
        commands = wild(folder, lab) if isinstance(lab, WildLab) else usual(folder, lab)
        about = "a simulated home" if name is None else f"the home {name}: {home(name).about}"
        print(f"Home Assistant is on {lab.url} with {about}\nIn another terminal:")  # noqa: T201 - a program
        for command in commands:
            print(f"  {command}")  # noqa: T201 - as above
        print("A person acts through its API with this token:", lab.users.tokens["person"])  # noqa: T201 - as above
        print("Ctrl-C ends it", flush=True)  # noqa: T201 - as above
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        pass
    finally:
        lab.end()


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="script/lab", description=__doc__)
    options.add_argument("folder", nargs="?", type=Path, default=Path("build/lab"), help="made anew")
    options.add_argument("--home", choices=home_names(), help="one of the oddly wired homes")
    given = options.parse_args()
    serve(given.folder, given.home)
