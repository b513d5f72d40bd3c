"""Devices beside the battery: what is known of them, what they are asked, what they are told."""
