"""The agent itself: what it remembers, when it thinks, what it does, and the programs that run it."""
