"""Who works on many homes: what dies, dies alone, and nothing is read long before its turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from homeagent.agent.fleet.workers import AHEAD, Lost, workers

DIE = "__import__('time').sleep(1) or __import__('os')._exit(1)"
FINE = "{'pid': __import__('os').getpid()}"


@pytest.mark.parametrize(("dask", "count"), [(None, None), ("local", 1)], ids=["beside", "dask"])
def test_what_kills_its_worker_is_lost_and_nothing_else(dask: str | None, count: int | None) -> None:
    tasks = {"before": FINE, "poison": DIE, "after": FINE, "wrong": "1 / 0", "last": FINE}
    with workers(dask, count, print) as at_work:
        assert at_work.count == 1
        outcomes = dict(at_work.do(eval, tasks.items()))
    assert outcomes.keys() == tasks.keys()
    poison, wrong = outcomes.pop("poison"), outcomes.pop("wrong")
    assert isinstance(poison, Lost)
    assert poison.died
    assert isinstance(wrong, Lost)
    assert "division by zero" in wrong.reason
    assert all(isinstance(outcome, dict) for outcome in outcomes.values())


def test_tasks_are_taken_as_their_turn_comes() -> None:
    taken = 0

    def tasks() -> Iterator[tuple[str, str]]:
        nonlocal taken
        for at in range(50):
            taken += 1
            yield str(at), FINE

    with workers("local", 2, print) as at_work:
        done = 0
        for _ in at_work.do(eval, tasks()):
            assert taken <= done + AHEAD * 2
            done += 1
    assert done == 50
