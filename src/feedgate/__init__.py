"""Feedgate: the gate between PyPI and a network that must not reach it."""
