"""Seasons of simulated homes: what the command writes and prints, and that it can be believed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from homeagent.agent.seasons import Stay, begin_of, live
from homeagent.agent.seasons_figures import NOTICE, figures_of, satisfaction_day, season_figures
from homeagent.cli import main
from homeagent.domain.satisfaction import satisfaction


def test_the_command_runs_the_baselines_and_says_that_they_are_simulated(tmp_path: Path) -> None:
    out = tmp_path / "result"
    words = ["seasons", "--seeds", "2", "--days", "2", "--past-days", "2", "--season", "heating", "--baselines-only"]
    result = CliRunner().invoke(main, [*words, "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "simulated" in result.output
    body = json.loads((out / "seasons.json").read_text())
    assert body["notice"] == NOTICE
    assert body["runs"] == body["of"] == 4
    (season,) = body["seasons"]
    assert season["season"] == "heating"
    assert [home["seed"] for home in season["homes"]] == [1, 2]
    for home in season["homes"]:
        assert set(home["runs"]) == {"constant", "night"}
        for run in home["runs"].values():
            assert run["whole_kwh"] > run["hvac_kwh"] > 0
            assert 0 <= run["satisfaction"] <= 100
            assert run["guard_min"] == run["missed_announced"] == 0
    compared = {(one["name"], one["way"], one["beside"]) for one in season["compared"]}
    assert ("hvac_kwh", "night", "constant") in compared


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = ["seasons", "--seeds", "1", "--days", "1", "--past-days", "1", "--baselines-only"]
    result = CliRunner().invoke(main, [*words, "--out", str(tmp_path / "file" / "below")])
    assert result.exit_code == 2


def test_both_ways_have_the_same_weather_and_the_same_plans_of_the_people() -> None:
    constant, night = (
        live(Stay(seed=3, season="heating", way=way, days=2, past_days=1)).truth for way in ("constant", "night")
    )
    assert [day.outdoor_c for day in constant.days] == [day.outdoor_c for day in night.days]
    assert [day.energy_kwh["base"] for day in constant.days] == pytest.approx(
        [day.energy_kwh["base"] for day in night.days]
    )
    assert [one.at for one in constant.departures] == [one.at for one in night.departures]
    assert [day.awake_hours for day in constant.days] == [day.awake_hours for day in night.days]
    assert night.hvac_kwh != constant.hvac_kwh


def test_the_days_are_whole_local_ones_and_their_score_is_that_of_the_formula() -> None:
    lived = live(Stay(seed=1, season="cooling", way="constant", days=2, past_days=1))
    assert [day.day.isoformat() for day in lived.truth.days] == ["2025-07-07", "2025-07-08"]
    assert begin_of(1, "cooling").isoformat() == "2025-07-06T22:00:00+00:00"
    scores = [satisfaction(satisfaction_day(day)).score for day in lived.truth.days]
    figures = figures_of(lived.truth)
    assert figures.satisfaction == pytest.approx(sum(score for score in scores if score is not None) / 2)
    assert season_figures("heating", [lived]).by_home == {}


def test_the_agent_watches_and_then_runs_a_home_within_its_guards() -> None:
    lived = live(Stay(seed=2, season="heating", way="agent", days=1, past_days=2))
    assert lived.thinks > 0
    (day,) = lived.truth.days
    assert day.day.isoformat() == "2025-01-13"
    assert day.guard_min == 0
    assert day.air_c[0] > 15
