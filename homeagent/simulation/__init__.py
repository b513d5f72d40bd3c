"""Homes that are not there: replayed from measurements or simulated, on a virtual clock."""
