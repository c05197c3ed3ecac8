"""What the world learns, and time, act on what was decided: nothing that waits is forgotten."""
