"""Values of plugins."""
