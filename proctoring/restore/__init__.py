"""After a restore: what the copied proofs tell that the database does not, and the way back."""
