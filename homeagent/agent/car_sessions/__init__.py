"""Real charging sessions, charged hour by hour as the agent would have."""
