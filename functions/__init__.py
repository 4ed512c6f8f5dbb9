"""One module for each HTTP function: parse the request, decide, render the response."""
