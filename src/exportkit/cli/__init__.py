"""The command line. One command per file: parse, call, print."""

from exportkit.cli.main import app, main

__all__ = ["app", "main"]
