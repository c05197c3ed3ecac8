"""The HTTP API's bodies, its problem document, and the client that commands use."""
