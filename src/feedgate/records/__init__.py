"""Rows: three doors, one file of queries a noun, and the migrations that make the tables."""
