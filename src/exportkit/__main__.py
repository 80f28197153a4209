"""``python -m exportkit`` is the same as ``exportkit``."""

from exportkit.cli import main

if __name__ == "__main__":
    main()
