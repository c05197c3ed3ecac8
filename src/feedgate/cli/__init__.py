"""The command line: one file a noun, a client of the HTTP API and nothing else."""
