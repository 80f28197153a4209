"""Tools for people who test formats and bundles of their own."""

from exportkit.testing.tree_digest import lists_as_data, tree_digest

__all__ = ["lists_as_data", "tree_digest"]
