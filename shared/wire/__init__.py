"""HTTP in and out: requests to values, outcomes to answers. Only here are status codes known."""
