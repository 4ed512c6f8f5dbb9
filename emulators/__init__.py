"""Firebase's emulators, with the functions behind Hosting; `docs/local.md` is their page."""
