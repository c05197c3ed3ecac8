"""Bytes to model and back, one file a standard. Pure functions; archives are read from a given path."""
