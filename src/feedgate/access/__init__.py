"""Who may do what: the table of permissions, the one place that asks, tokens and grants."""
