"""Time for which a publisher may be silent."""

from capture.publish.ingest import Patience
from capture.publish.ingests import WATCH_S

SILENT_S_MAX = 5.0


def test_a_silent_publisher_is_noticed_within_five_seconds() -> None:
    """However the watch falls: its take ends, and the gap begins, that soon after the last packet."""
    assert Patience().silent_s + WATCH_S <= SILENT_S_MAX
