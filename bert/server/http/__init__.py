"""The HTTP server: its paths, messages and connections, and the page."""
