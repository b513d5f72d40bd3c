"""What the home will need: pure functions from history to scenarios and bands."""
