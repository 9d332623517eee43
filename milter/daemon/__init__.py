"""The daemon: a parent that owns the sockets and the settings, and workers that serve."""
