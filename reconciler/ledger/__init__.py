"""State backends, and what turns their bytes into a ledger."""
