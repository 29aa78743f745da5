"""Messages of a candidate to the proctor during the exam, and the answers."""
