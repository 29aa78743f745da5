"""Objects: sealed bytes in MinIO or in a folder, and the names they are stored under."""
