"""The documentation: how it is built, and what is made from the code."""
