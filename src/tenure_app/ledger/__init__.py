"""The append-only ledger: what happened, to whom, and when we learnt of it."""
