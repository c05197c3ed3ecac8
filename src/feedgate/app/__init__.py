"""Settings, processes and wiring: what makes a running Feedgate of the rooms below."""
