"""The OpenAPI document, made from the endpoints and their models."""
