"""The one gate: every way in passes the same looks and the same policy."""
