"""The reference backend: a server that existing clients and exportkit's own can export from."""
