"""Indexes made of indexes, and any Index over HTTP."""
