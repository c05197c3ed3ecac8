"""Durable execution: runs go on where they stood after any crash. Knows no step."""
