"""HTTP: the feed's own wire, the API, and what machines ask for."""
