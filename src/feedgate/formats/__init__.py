"""Bytes to model and back, one file a standard. Pure functions; wheels and sdists are read from a given path."""
