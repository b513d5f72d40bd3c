"""Sends a training to a Dask scheduler and takes back the model. Runs in a child process that ends: Dask is large."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

from distributed import Client

from homeagent.domain.learning import Offload
from homeagent.footprint.build import build_id
from homeagent.learning.answer_parcel import trained_of
from homeagent.learning.dask_link import (
    NotThereError,
    cause,
    connected,
    open_plain_data_alone,
    our_resource,
    require_ours,
)
from homeagent.learning.dask_worker import train_parcel
from homeagent.learning.lesson import Say
from homeagent.learning.model_files import ModelFileError
from homeagent.learning.parcel import ParcelError, plain
from homeagent.learning.request_parcel import request_parcel
from homeagent.learning.training import Request, Trained

LOOK_S = 1.0
MOST_LINES = 60
"""Words of progress that are shown; a training has some ten."""


def train_elsewhere(request: Request, offload: Offload, say: Say) -> Trained:
    """Return what came of the training on another machine; its CPU seconds are all that this process took.

    Raises:
        NotThereError: nothing came of it that could be used.
    """
    open_plain_data_alone()
    try:
        parcel = request_parcel(request)
        answer = asyncio.run(_asked(parcel, offload, say))
        trained = trained_of(answer, request)
    except (ParcelError, ModelFileError) as error:
        raise NotThereError(f"what {offload.address} sent is damaged: {error}") from error
    if trained.model is None:
        raise NotThereError(f"{offload.address}: {trained.reason}")
    note = f"taught on {offload.address} in {trained.cpu_seconds:.1f} CPU seconds there"
    say(f"{note}; {len(parcel):,} bytes were sent, {len(answer):,} came back")
    model = replace(trained.model, notes=(*trained.model.notes, note))
    return replace(trained, model=model, cpu_seconds=time.process_time())


async def _asked(parcel: bytes, offload: Offload, say: Say) -> bytes:
    client = await connected(offload)
    try:
        return await _answer(client, parcel, offload, say)
    finally:
        with suppress(Exception):  # it is over, whatever the other side thinks of it
            async with asyncio.timeout(offload.connect_s):
                await client.close(timeout=1)


async def _answer(client: Client, parcel: bytes, offload: Offload, say: Say) -> bytes:
    address, topic = offload.address, f"homeagent-{uuid4().hex}"
    heard = _Heard(say)
    client.subscribe_topic(topic, heard)
    await _see_ours(client, offload)
    say(f"{address} takes it")
    future = client.submit(train_parcel, parcel, build_id(), topic, key=topic, resources={our_resource(): 1})
    gathering = asyncio.ensure_future(client.gather(future))
    while not gathering.done():
        await asyncio.wait({gathering}, timeout=LOOK_S)
        if client.status != "running":
            gathering.cancel()
            raise NotThereError(f"{address} went away in the middle of it")
        silent_s = time.monotonic() - heard.at
        if silent_s > offload.silent_s:
            raise NotThereError(f"{address} had no word of progress for {offload.silent_s:g} s")
        if silent_s > offload.connect_s and not gathering.done():
            await _see_ours(client, offload)
    try:
        answer = gathering.result()
    except (Exception, asyncio.CancelledError) as error:  # a worker that died again and again, say
        raise NotThereError(
            f"{address} failed at it: its workers died, or it is not set up as docs/offload.md tells"
        ) from error
    if not isinstance(answer, bytes):
        raise ParcelError(f"it is of type {type(answer).__name__}")
    return answer


async def _see_ours(client: Client, offload: Offload) -> None:
    """See that a worker of this build is there, within the time to connect."""
    try:
        async with asyncio.timeout(offload.connect_s):
            await require_ours(client, offload.address)
    except NotThereError:
        raise
    except Exception as error:  # whatever a stranger says
        raise NotThereError(f"{offload.address} does not say who works for it ({cause(error)})") from error


class _Heard:
    """Hands on the words of progress, as far as they are some, and remembers when the last one came."""

    def __init__(self, say: Say) -> None:
        self.at = time.monotonic()
        self._say = say
        self._lines = 0

    def __call__(self, event: object) -> None:
        """Take one of Dask's events: when it was, and what."""
        self._lines += 1
        if self._lines > MOST_LINES or not isinstance(event, tuple):
            return
        self.at = time.monotonic()
        self._say(plain(event[-1]))
