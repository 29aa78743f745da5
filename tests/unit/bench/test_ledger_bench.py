"""Ledger that the bench fills: as long as asked for; the job finds nothing in it, and an edit is found."""

from pathlib import Path

from tests.bench.ledger_fill import fill
from tests.bench.ledger_replay import measure


def test_a_filled_ledger_is_true_in_every_row(tmp_path: Path) -> None:
    """Clones have ids, hashes and commitments of their own: the figures are of replays that compare
    everything."""
    assert 380 < fill(tmp_path, 450) <= 450
    figures = measure(tmp_path)
    assert figures["sessions"] > 6
    assert figures["edit_passes"] == 1
