"""Look-ups that bring facts: all at once, one deadline; a failure becomes `Missing`."""
