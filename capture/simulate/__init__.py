"""Simulated candidates: drawn pictures and made-up speech, published over real WebRTC."""
