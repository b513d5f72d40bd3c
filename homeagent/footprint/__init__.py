"""What the agent itself uses."""
