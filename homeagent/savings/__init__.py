"""What was really paid, and what the home would have paid without the agent."""
