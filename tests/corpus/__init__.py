"""Hostile archives, made when they are asked for: no binary file is kept, and each says beside it what is to come of it."""
