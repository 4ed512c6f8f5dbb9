"""The shape of every request and response; the OpenAPI document is made from these models."""
