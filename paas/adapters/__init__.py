"""One module a technology: each implements a port. Vendors are imported here only, and their exceptions stop here."""
