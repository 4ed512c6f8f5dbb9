"""What is logged and measured of each request."""
