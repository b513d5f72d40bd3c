"""What a Dask worker is given to work for homeagent: `dask worker ADDRESS --preload homeagent.learning.dask_worker`.

Its build becomes one of its resources, so it is given no work by another version.
"""

from __future__ import annotations

from distributed import Worker, get_worker

from homeagent.footprint.build import build_id
from homeagent.learning.dask_link import our_resource


def dask_setup(worker: Worker) -> None:
    """Say which build the worker runs; Dask calls this before the worker tells its scheduler what it has."""
    for resources in (worker.state.total_resources, worker.state.available_resources):
        resources[our_resource()] = worker.state.nthreads


def train_parcel(parcel: bytes, build: str, topic: str) -> bytes:
    """Train what a parcel holds and return a parcel. Nothing is raised: an error would travel as a pickle."""
    from homeagent.learning.answer_parcel import answer_parcel  # noqa: PLC0415 - the scheduler, too, imports this module
    from homeagent.learning.request_parcel import request_of  # noqa: PLC0415 - same
    from homeagent.learning.training import Trained, train  # noqa: PLC0415 - same

    if build != build_id():
        refused = f"this worker runs homeagent {build_id()}, not {build}"
        return answer_parcel(Trained(model=None, cpu_seconds=0.0, reason=refused), 1)
    worker = get_worker()
    try:
        request = request_of(parcel)
        return answer_parcel(train(request, lambda text: worker.log_event(topic, text)), request.ahead)
    except Exception as error:  # noqa: BLE001 - the home that asked goes on by itself
        failed = f"the training failed there: {type(error).__name__}: {error}"
        return answer_parcel(Trained(model=None, cpu_seconds=0.0, reason=failed), 1)
