"""What appliances draw once they are switched on: water that boils, thermostats, programmes; as means of minutes."""

from __future__ import annotations

import numpy as np

from homeagent.domain.grid import FloatArray

LITRE_TO_BOIL_KWH = 4.186 * 80 / 3600 / 0.9
"""From 15 to 95 degC, of which nine tenths reach the water."""
OVEN_KJ_PER_K, OVEN_LOSS_W_PER_K, OVEN_BAND_K = 7.0, 4.0, 6.0
FINE_SECONDS = 10
FINE_PER_MIN = 60 // FINE_SECONDS
ROOM_C, FRIDGE_C, FRIDGE_BAND_K = 20.0, 5.0, 3.0


def minute_means(start: float, pieces: list[tuple[float, float]]) -> tuple[int, FloatArray]:
    """Return the first whole minute and the means [kW] from there on, of (minutes, kW) in a row from `start` [minutes].

    A piece may begin and end inside a minute; its energy is kept.
    """
    edges = start + np.concatenate([[0.0], np.cumsum([lasting for lasting, _ in pieces])])
    energy = np.concatenate([[0.0], np.cumsum([lasting * power_kw for lasting, power_kw in pieces])])
    first, last = int(np.floor(edges[0])), int(np.ceil(edges[-1]))
    return first, np.diff(np.interp(np.arange(first, last + 1), edges, energy))


def kettle(rng: np.random.Generator, power_kw: float) -> list[tuple[float, float]]:
    """Return the time that some cups or a pot of water take to boil."""
    litres = rng.uniform(0.4, 1.6)
    return [(litres * LITRE_TO_BOIL_KWH / power_kw * 60, power_kw)]


def oven(rng: np.random.Generator, power_kw: float) -> list[tuple[float, float]]:
    """Return an oven that heats up and is then switched by its thermostat."""
    wanted_c, lasting_min = rng.uniform(160, 220), rng.uniform(25, 70)
    air_c, heating, drawn = ROOM_C, True, []
    for _ in range(int(lasting_min * FINE_PER_MIN)):
        heating = air_c < wanted_c + (OVEN_BAND_K / 2 if heating else -OVEN_BAND_K / 2)
        flow_w = power_kw * 1000 * heating - OVEN_LOSS_W_PER_K * (air_c - ROOM_C)
        air_c += flow_w * FINE_SECONDS / (OVEN_KJ_PER_K * 1000)
        drawn.append((1 / FINE_PER_MIN, power_kw * heating + 0.03))
    return drawn


def hob(rng: np.random.Generator, power_kw: float) -> list[tuple[float, float]]:
    """Return a plate at full power until it boils, then switched on and off within each minute."""
    pieces = [(rng.uniform(3, 8), power_kw)]
    simmer = rng.uniform(0.2, 0.6)
    for _ in range(int(rng.uniform(5, 30))):
        on = float(np.clip(simmer + rng.normal(0, 0.12), 0.05, 1.0))
        pieces += [(on, power_kw), (1 - on, 0.0)]
    return pieces


def washing(rng: np.random.Generator, power_kw: float) -> list[tuple[float, float]]:
    """Return a programme that heats, turns to and fro, and spins."""
    pieces = [(rng.uniform(4, 8), 0.06), (rng.uniform(10, 26), power_kw)]
    for _ in range(int(rng.uniform(30, 70))):
        pieces += [(0.6, rng.uniform(0.12, 0.3)), (0.4, 0.03)]
    return [*pieces, (rng.uniform(6, 12), rng.uniform(0.3, 0.6))]


def drying(rng: np.random.Generator, power_kw: float) -> list[tuple[float, float]]:
    """Return a dryer: a heat pump that runs long, or an element that is switched by its thermostat near the end."""
    if power_kw < 1:
        return [(rng.uniform(80, 140), power_kw), (5.0, 0.15)]
    pieces = [(rng.uniform(30, 50), power_kw)]
    for _ in range(int(rng.uniform(5, 15))):
        pieces += [(rng.uniform(0.5, 1.5), power_kw), (rng.uniform(0.5, 1.5), 0.2)]
    return pieces


def dishes(rng: np.random.Generator, power_kw: float) -> list[tuple[float, float]]:
    """Return a dishwasher, which heats for the wash and for the last rinse."""
    heats = rng.uniform(10, 18), rng.uniform(8, 16)
    return [(6.0, 0.08), (heats[0], power_kw), (rng.uniform(20, 45), 0.07), (heats[1], power_kw), (15.0, 0.03)]


def fridge_kw(
    power_kw: float, on_min: float, off_min: float, room_c: FloatArray, opened: FloatArray, phase: float
) -> FloatArray:
    """Return a compressor's course [kW], by minute: a cold box that warms towards the room, and a thermostat.

    It runs `on_min` and rests `off_min` in a room of 20 degC whose people sleep. `opened` is the warmth [K] that the
    door lets in; `phase` (0 to 1) is how warm it is at first.
    """
    warms = FRIDGE_BAND_K / off_min / (ROOM_C - FRIDGE_C)
    cools = FRIDGE_BAND_K / on_min + FRIDGE_BAND_K / off_min
    box_c, running = FRIDGE_C + FRIDGE_BAND_K * (phase - 0.5), False
    drawn = np.zeros(len(room_c))
    for minute, (room, door) in enumerate(zip(room_c.tolist(), opened.tolist(), strict=True)):
        running = box_c > FRIDGE_C + (-FRIDGE_BAND_K / 2 if running else FRIDGE_BAND_K / 2)
        box_c += warms * (room - box_c) + door - cools * running
        drawn[minute] = power_kw * running
    return drawn
