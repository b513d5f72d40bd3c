"""From a problem to a plan: what stored energy is worth, policies, their reasons, and perfect foresight."""
