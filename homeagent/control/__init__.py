"""From a policy to what a device can be told, and the guards that stand in between."""
