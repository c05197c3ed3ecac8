"""Bytes by digest: what every store promises, and the store that is a folder of files."""
