"""Tests by tier: unit, contract, intake, house, faults, clients, outside."""
