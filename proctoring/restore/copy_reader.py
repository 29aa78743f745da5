"""Reads the copied proofs, line by line, from where the last look ended."""

from pathlib import Path

import structlog

from proctoring.proofs.bodies import read_act, read_certificate, read_restoration
from proctoring.proofs.restorations import is_signed
from proctoring.quarantine.model import Head
from proctoring.restore.compared import NOTHING, Compared
from proctoring.restore.missing import Copied
from storage.errors import Refused
from storage.proofs import witness
from storage.proofs.checkpoint import LEDGER_ORIGIN, claimed, claimed_origin, read_checkpoint
from storage.proofs.tree import EMPTY_ROOT
from storage.proofs.witness import ActCopy, CertificateCopy, Line, RestoredCopy, StampCopy

NOTHING_SHARED = Head(0, EMPTY_ROOT)

log = structlog.get_logger()


class CopyReader:
    """`copied`: what the lines after `since` say. Heads count as signed until one contradicts
    (`heads_are_ours`)."""

    def __init__(self, public: bytes, copy: Path) -> None:
        self._public = public
        self._copy = copy
        self._trusting = True
        self.begin_after(NOTHING)

    def begin_after(self, since: Compared) -> None:
        """Read anew what comes after this statement."""
        self.since, self.offset = since, since.offset
        self.copied = Copied()
        if since.head:
            self.copied.head(LEDGER_ORIGIN, head_of(since.head))

    def read(self) -> None:
        """Read what was appended; all of it again where the copy has become shorter. Raises OSError."""
        if self._copy.stat().st_size < self.offset:
            self.begin_after(NOTHING)
        for line, offset in witness.follow(self._copy, self.offset):
            self._take(line)
            self.offset = offset

    def doubt(self) -> bool:
        """Whether a head is not signed by us, which was not asked yet; from now on each is asked as it is
        read."""
        if not self._trusting or self._heads_are_ours():
            return False
        log.error("copy.forged_head")
        self._trusting = False
        return True

    def shared(self, notes: set[str]) -> Head:
        """The greatest head of the ledger in the copy that is among `notes`, in the present history."""
        shared, reached = NOTHING_SHARED, 0
        for line, _ in witness.follow(self._copy):
            if isinstance(line, str) and claimed_origin(line) == LEDGER_ORIGIN:
                head = head_of(line)
                if line in notes and head.size > reached:  # a smaller one after a greater is another history
                    shared = head
                reached = max(reached, head.size)
            elif isinstance(line, RestoredCopy) and is_signed(line, self._public):
                for loss in read_restoration(line.body).losses:
                    if loss.origin == LEDGER_ORIGIN:
                        reached = loss.kept
                        if loss.kept < shared.size:
                            shared = Head(loss.kept, loss.kept_root)
        return shared

    def _take(self, line: Line | None) -> None:
        try:
            if line is None:
                raise Refused("unreadable", "a line of the copy cannot be read")
            if isinstance(line, str):
                checkpoint = claimed(line) if self._trusting else read_checkpoint(line, self._public)
                self.copied.head(checkpoint.origin, Head(checkpoint.size, checkpoint.root, line))
                return
            if isinstance(line, StampCopy):
                return  # its checkpoint has a line of its own
            if not is_signed(line, self._public):
                raise Refused("bad-signature", "a line of the copy is not signed by us")
            if isinstance(line, CertificateCopy):
                self.copied.certificate(read_certificate(line))
            elif isinstance(line, ActCopy):
                self.copied.act(read_act(line.body))
            else:
                self.copied.restored(read_restoration(line.body))
        except Refused as refused:
            self.copied.unproven += 1
            log.error("copy.unproven_line", reason=refused.reason)

    def _heads_are_ours(self) -> bool:
        try:
            for head in self.copied.heads.values():
                if head.note:
                    read_checkpoint(head.note, self._public)
        except Refused:
            return False
        return True


def head_of(note: str) -> Head:
    """What a note claims, signed or not."""
    checkpoint = claimed(note)
    return Head(checkpoint.size, checkpoint.root, note)
