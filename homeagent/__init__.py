"""homeagent: a small home energy agent that runs beside Home Assistant."""

import os

__version__ = "0.1.0"

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
"""Read when numpy loads. Its matrices are small here: threads that wait for each other on a busy machine took ten times
the CPU of a night's lesson, and memory besides."""
