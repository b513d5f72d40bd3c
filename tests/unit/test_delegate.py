"""An accelerator's library: whatever is wrong with it, the CPU serves, and one sentence says so, once."""

from __future__ import annotations

import logging
import shutil
import subprocess
from pathlib import Path

import pytest

from homeagent.learning.runtime import choose

REFUSES = """
#include <stddef.h>
void *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
  report("no device found");
  return NULL;
}
void tflite_plugin_destroy_delegate(void *delegate) {}
"""
NO_DELEGATE = "int nothing(void) { return 0; }"


def compiled(folder: Path, source: str) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler here")
    text, library = folder / "library.c", folder / "library.so"
    text.write_text(source)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(text)], check=True)
    return library


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the runtime's own __del__ fails
@pytest.mark.parametrize(
    ("source", "reason"), [(None, "No such file"), (NO_DELEGATE, "undefined symbol"), (REFUSES, "")]
)
def test_a_delegate_that_does_not_work_leaves_the_cpu_and_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, source: str | None, reason: str
) -> None:
    if choose().build is None:
        pytest.skip("no TFLite runtime here")
    library = tmp_path / "absent.so" if source is None else compiled(tmp_path, source)
    with caplog.at_level(logging.WARNING):
        found = [choose(library) for _ in range(3)]
    assert found[0].build is not None
    assert found[0].name == choose().name
    assert found[0].note is not None
    assert str(library) in found[0].note
    assert reason in found[0].note
    assert "the CPU is" in found[0].note
    assert [record.message for record in caplog.records] == [found[0].note]
