"""All that talks with strangers: where we may connect, how we fetch, and the upstream as an index."""
