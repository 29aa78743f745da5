"""What the candidate is told from the live data: what is stored, who looked, until when."""
