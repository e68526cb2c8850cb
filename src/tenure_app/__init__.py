"""The application around the core: the ledger, the import, the console. One Django app, label `tenure`."""
