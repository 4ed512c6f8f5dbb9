"""HTTP: requests to values, outcomes to responses, errors to problem documents."""
