"""What a candidate says to the proctor during the exam, and the answer."""
