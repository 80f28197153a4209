"""Small tools that plugins import."""
