"""Start and serve: composition, servers, commands, and the OpenAPI document."""
