"""Columns written as a home's file, the one that `home_data.py` reads; whole or not at all."""

from __future__ import annotations

import gzip
import io
import math
from pathlib import Path

from homeagent.domain.errors import InputError, Issue
from homeagent.simulation.home_data import HomeData

DECIMALS = {"load_kw": 4, "pv_kw": 4, "price_import_per_kwh": 5, "price_export_per_kwh": 5, "forecast_pv_kw": 4}
OTHERS = 1
"""Decimals of weather and carbon; an appliance has those of the load."""


def write_home(path: Path, data: HomeData) -> None:
    """Write a home; gzip where the name ends in .gz. NaN is an empty cell. The same home gives the same bytes.

    Raises:
        InputError: the file cannot be written.
    """
    texts = []
    for name, values in data.columns.items():
        decimals = DECIMALS.get(name, DECIMALS["load_kw"] if name.startswith("appliance_") else OTHERS)
        texts.append(["" if math.isnan(value) else f"{value:.{decimals}f}" for value in values.tolist()])
    stamps = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in data.grid.starts())
    lines = [",".join(("timestamp", *data.columns)), *(",".join(row) for row in zip(stamps, *texts, strict=True))]
    write_whole(path, ("\n".join(lines) + "\n").encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; gzip where its name ends in .gz.

    Raises:
        InputError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".gz":
            packed = io.BytesIO()
            with gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as file:
                file.write(content)
            content = packed.getvalue()
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        message = f"cannot be written: {error.strerror}"
        raise InputError(
            str(path), (Issue(path="--out", message=message, remedy="name a place you may write to"),)
        ) from error
