"""Prices and forecasts as they come: each source's shape turned into the agent's types. No network here."""
