"""Steps that have a destination list files, in an order in which each reader can install what it sees."""
