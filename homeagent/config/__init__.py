"""YAML to checked settings to the domain's own types. Every problem of a file is reported at once."""

from homeagent.config.load import Config, Scenario, load_config, load_scenario
from homeagent.config.understood import check_config

__all__ = ["Config", "Scenario", "check_config", "load_config", "load_scenario"]
