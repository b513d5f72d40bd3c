"""Serves the lab until Ctrl-C, with a configuration beside it, for a look at the agent by hand."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from real_ha.agent_config import config_yaml
from real_ha.imported_history import put_home
from real_ha.lab import HASS, Lab


def serve(folder: Path) -> None:
    if not HASS.exists():
        sys.exit("no Home Assistant here: script/setup --tests installs it where Python 3.13 is found")
    if folder.exists() and any(folder.iterdir()) and not (folder / "home_assistant").exists():
        sys.exit(f"{folder} is no lab's folder; name an empty one")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "home_assistant").mkdir(parents=True)
    lab = Lab(folder / "home_assistant")
    lab.start()
    try:
        lab.wait()
        lab.fresh()
        put_home(lab, days=3)
        (folder / "config.yaml").write_text(config_yaml(lab))
        print(f"Home Assistant with a simulated home is on {lab.url}. In another terminal:")  # noqa: T201 - a program
        print(f"  .venv/bin/homeagent run {folder}/config.yaml")  # noqa: T201 - as above
        print(f"  .venv/bin/homeagent ledger --store {folder}/homeagent.db")  # noqa: T201 - as above
        print("A person acts through its API with this token:", lab.users.tokens["person"])  # noqa: T201 - as above
        print("Ctrl-C ends it", flush=True)  # noqa: T201 - as above
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        pass
    finally:
        lab.end()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
