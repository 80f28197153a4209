"""The csv writer and checker."""
