"""Frozen types, the Index protocol, the ledger's entry and hash. No I/O, no clock."""
