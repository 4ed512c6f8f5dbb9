"""What others wrote: for the pages, taken from npm; for Firestore, out of its library."""
