"""The port to a store of doctor-days, its documents, and one folder for each store."""
