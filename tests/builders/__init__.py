"""Makes what tests need: real wheels, real sdists, and broken ones on purpose."""
