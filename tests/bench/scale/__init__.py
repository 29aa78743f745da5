"""Staff's pages over many sessions: what each costs, and how it grows."""
