"""Into production and out of it: `python3 -m deploy --help`. It needs Python and gcloud alone."""
