"""Reports of capture processes about their spools, for those who have no key and no disk of theirs."""
