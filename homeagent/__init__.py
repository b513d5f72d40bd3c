"""homeagent: a small home energy agent that runs beside Home Assistant."""

__version__ = "0.1.0"
