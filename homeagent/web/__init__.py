"""The page, the JSON API and the event stream. It sees the agent through `domain.ports.AgentView` alone."""
