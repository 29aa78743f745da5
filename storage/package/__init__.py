"""Evidence packages: written, and verified offline."""
