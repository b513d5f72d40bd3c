from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from homeagent.domain.errors import InputError
from homeagent.simulation.home_data import read_home

HEADER = "timestamp,load_kw,pv_kw,price_import_per_kwh,price_export_per_kwh"
GOOD = [f"2024-03-01T{hour:02}:00:00Z,0.5,0.1,0.30,0.08" for hour in range(6)]


def write(folder: Path, rows: list[str], header: str = HEADER) -> Path:
    path = folder / "home.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_plain_and_gzip_are_read_alike(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    packed = tmp_path / "home.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    one, other = read_home(path), read_home(packed)
    assert one.grid == other.grid
    assert one.grid.count == 6
    assert (one.column("load_kw") == other.column("load_kw")).all()


def test_empty_cells_are_gaps_and_foreign_columns_are_named_once(tmp_path: Path) -> None:
    rows = [f"{row},x,7" for row in GOOD]
    rows[2] = "2024-03-01T02:00:00Z,,0.1,0.30,0.08,x,7"
    data = read_home(write(tmp_path, rows, HEADER + ",comment,temp_c"))
    assert np.isnan(data.column("load_kw")[2])
    assert data.column("temp_c")[0] == 7
    assert data.ignored == ("comment",)
    assert np.isnan(data.column("carbon_g_per_kwh")).all()


BAD = {
    "duplicate": ([*GOOD[:3], GOOD[2], *GOOD[3:]], ("row 5", "repeats", "one row per step")),
    "missing": ([*GOOD[:2], *GOOD[3:]], ("row 4", "leaves out", "empty cells")),
    "unsorted": ([GOOD[0], GOOD[2], GOOD[1], *GOOD[3:]], ("row 4", "earlier", "sort")),
    "without zone": ([GOOD[0].replace("Z", ""), *GOOD[1:]], ("row 2, timestamp", "no time zone", "Z")),
    "no time": (["yesterday,1,1,1,1", *GOOD[1:]], ("row 2, timestamp", "ISO 8601")),
    "negative load": (
        [*GOOD[:4], "2024-03-01T04:00:00Z,-0.5,0,0.3,0", GOOD[5]],
        ("row 6, load_kw", "negative", "-0.5"),
    ),
    "watts": ([row.replace(",0.5,", ",800,") for row in GOOD], ("load_kw", "800 kW", "divide by 1000")),
    "text": ([*GOOD[:5], "2024-03-01T05:00:00Z,much,0,0.3,0"], ("row 7, load_kw", "no number", "much")),
    "ragged": ([*GOOD[:5], "2024-03-01T05:00:00Z,1"], ("row 7", "2 cells")),
    "only one row": (GOOD[:1], ("1 rows",)),
    "no rows": ([], ("0 rows",)),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_by_row_and_with_a_remedy(tmp_path: Path, name: str) -> None:
    rows, needles = BAD[name]
    with pytest.raises(InputError) as refused:
        read_home(write(tmp_path, rows))
    text = str(refused.value)
    assert "home.csv" in text
    for needle in needles:
        assert needle in text
    assert len(text.splitlines()) <= 7


def test_a_file_without_load_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lacks the column load_kw"):
        read_home(write(tmp_path, [row.replace(",0.5", "", 1) for row in GOOD], HEADER.replace("load_kw,", "")))


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="twice"):
        read_home(write(tmp_path, [f"{row},1" for row in GOOD], HEADER + ",load_kw"))


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01\x02\xff\xfe" * 50, b"\x1f\x8b\x08nonsense", gzip.compress(b"x" * 9000)[:40]],
    ids=["empty", "binary", "broken gzip", "cut gzip"],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "home.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"home\.csv"):
        read_home(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_home(path)


def test_many_bad_rows_are_not_listed_one_by_one(tmp_path: Path) -> None:
    rows = [f"2024-03-01T{h:02}:{m:02}:00Z,-1,0,0.3,0" for h in range(20) for m in range(60)]
    with pytest.raises(InputError) as refused:
        read_home(write(tmp_path, rows))
    assert len(refused.value.issues) == 6


def test_a_step_that_does_not_divide_the_hour_is_refused(tmp_path: Path) -> None:
    rows = [f"2024-03-01T00:{m:02}:00Z,1,0,0.3,0" for m in range(0, 49, 7)]
    with pytest.raises(InputError, match="divides the hour"):
        read_home(write(tmp_path, rows))
