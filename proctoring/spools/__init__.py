"""What capture processes tell of their spools: who has no key and no disk of theirs learns it here."""
