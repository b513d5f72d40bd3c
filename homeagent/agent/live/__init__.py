"""The agent beside a real Home Assistant: its link, meters and drivers, and the process around them."""
