"""The all-electric home's parts, each with physics of its own at steps of a minute: no equation is the planner's."""
