"""The surface of synapse-sdk that export plugins rely on."""
