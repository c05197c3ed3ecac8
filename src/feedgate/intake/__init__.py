"""One file a step, from a request to a published closure."""
