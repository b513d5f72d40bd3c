"""The link to Home Assistant: one websocket, entities' values in the agent's units, commands as its actions."""
