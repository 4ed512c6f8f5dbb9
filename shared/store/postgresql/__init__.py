"""The store in a PostgreSQL server, also Google's Cloud SQL."""
