"""``python -m feedgate`` is the command ``feedgate``."""

from feedgate.cli.main import run

if __name__ == "__main__":
    run()
