"""exportkit turns what annotators produced into datasets that train."""

__version__ = "0.1.0"
