"""Job that compares summaries with what they sum up, some at a time, and makes those anew that differ."""

import structlog

from proctoring.casework import summaries
from proctoring.core import Core

SUMMARIES_INTERVAL_S = 60.0

log = structlog.get_logger()


class SummaryCheck:
    """Round by round through all sessions, then from the first again, counts included.

    A summary that differs is a fault of the program or an edit of the database: it is mended, and the log
    says which.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._after = ""

    def run(self) -> int:
        """Compare the next SESSIONS_PER_STATEMENT sessions; how many summaries were made anew."""
        with self._core.db.read() as db:
            found, last = summaries.differing(db, self._after)
            exams = [] if last else summaries.miscounted(db)
        self._after = last or ""
        if found or exams:
            with self._core.db.begin() as db:
                summaries.mend(db, [one.session_id for one in found])
                summaries.count_anew(db, exams)
        for one in found:
            log.error("summary.differs", session=one.session_id, columns=" ".join(one.columns) or "missing")
        for exam_id in exams:
            log.error("summary.miscounted", exam=exam_id)
        return len(found)
