"""The copy of the identity card: its images, who compared them with the recording, and until when."""
