"""Frozen facts that every part of the agent speaks in. No input or output, no clock.

Units are in the names: kW, kWh, hours, currency per kWh, gCO2/kWh, degC, fractions 0-1.
Time is aware UTC. Power and price are means of a slot, stored energy stands at its edges.
"""
