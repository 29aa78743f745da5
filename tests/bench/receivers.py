"""The receivers that the bench compares: each a process, started, published to, asked what it kept."""

import io
import subprocess
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import httpx2
from sqlalchemy import select

from capture.media.silence import SILENT
from proctoring.cli.simulate import invite
from proctoring.compose.parts import Parts, parts
from proctoring.recordings.rows import SegmentRow, TakeRow
from proctoring.units.rows import UnitRow
from tests.bench import janus
from tests.support.service import Service, clean_environment, free_port, wait_until

STARTED_S_MAX = 30
STORED_S_MAX = 120
STOPPED_S_MAX = 30
STREAMS_OF_A_SESSION = 3


class Receiver(ABC):
    """One process that records. `folder` is empty and its own; `address` is where media comes to.

    `streams_max`: a core of it is full, or nearly, with so many.
    """

    name: str
    streams_max: int = 1 << 16

    def __init__(self, folder: Path, streams: int, address: str) -> None:
        self.folder = folder
        self.streams = streams
        self.address = address

    @staticmethod
    def why_not() -> str:
        """Why this receiver cannot be had here, or nothing."""
        return ""

    @property
    @abstractmethod
    def pid(self) -> int: ...

    @abstractmethod
    def start(self) -> None:
        """Ready for publishers when this returns."""

    @abstractmethod
    def target(self) -> list[str]:
        """What the load generator is told of where to publish."""

    sounds_kept: int | None = None
    """Packets of sound in what it stored, after `frames_kept`; None where they are not counted."""

    @abstractmethod
    def frames_kept(self) -> int:
        """Pictures that are whole in what it stored, once every publisher has said goodbye."""

    @abstractmethod
    def stop(self) -> None: ...


class Ours(Receiver):
    """`proctoring serve` with its whole path: segments, seal, spool, object, manifest leaf. Three streams a
    session."""

    name = "proctoring"

    def start(self) -> None:
        self._service = Service(
            self.folder / "data", {"PROCTORING_MEDIA_ADDRESSES": f'["{self.address}"]'}
        ).start()

    @property
    def pid(self) -> int:
        return self._service.pid

    def target(self) -> list[str]:
        with self._parts() as made:
            invited = invite(made, -(-self.streams // STREAMS_OF_A_SESSION))
        tokens = [token for session in invited for token in session["tokens"].values()]
        file = self.folder / "tokens"
        file.write_text("\n".join(tokens[: self.streams]))
        return ["--whip", f"{self._service.url}/whip", "--tokens", str(file)]

    def frames_kept(self) -> int:
        """Of the stored objects, opened with their keys, as a reviewer's player gets them."""
        with self._parts() as made:
            wait_until(lambda: self._all_ended(made), STORED_S_MAX, "takes are open that should have ended")
            kept = kept_of(made)
            self.sounds_kept = kept["audio"]
            return kept["video"]

    def stop(self) -> None:
        self._service.stop()

    @contextmanager
    def _parts(self) -> Iterator[Parts]:
        made = parts(self._service.data)
        try:
            yield made
        finally:
            made.core.db.close()

    def _all_ended(self, made: Parts) -> bool:
        """Whether there was a take, and none is open."""
        with made.core.db.read() as db:
            ends = list(db.scalars(select(TakeRow.ended_at)))
        return bool(ends) and None not in ends


class _Program(Receiver):
    """A peer that is a command with an HTTP port."""

    def __init__(self, folder: Path, streams: int, address: str) -> None:
        super().__init__(folder, streams, address)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def ready_url(self) -> str:
        """Answers 200 once it is ready."""

    def start(self) -> None:
        log = self.folder / "log"
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                self.command(), stdout=file, stderr=file, env=clean_environment()
            )
        wait_until(self._answers, STARTED_S_MAX, f"{self.name} does not answer; see {log}")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOPPED_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        assert self._process is not None
        log = self.folder / "log"
        assert self._process.poll() is None, f"{self.name} has stopped: {log.read_text()[-2000:]}"
        try:
            return httpx2.get(self.ready_url(), timeout=2, trust_env=False).status_code == httpx2.codes.OK
        except httpx2.TransportError:
            return False


class Janus(_Program):
    """Debian's Janus, a gateway in C: it dumps the packets, without segments, container or encryption."""

    name = "Janus"

    @staticmethod
    def why_not() -> str:
        return janus.why_not()

    def command(self) -> list[str]:
        return janus.configure(self.folder, self.port, self.address)

    def ready_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/janus/info"

    def target(self) -> list[str]:
        return ["--janus", f"http://127.0.0.1:{self.port}/janus", "--publishers", str(self.streams)]

    def frames_kept(self) -> int:
        return sum(janus.frames_kept(self.folder))


class _Aiortc(_Program):
    mode: str

    def command(self) -> list[str]:
        kept = self.folder / "kept"
        kept.mkdir()
        module = "tests.bench.aiortc_server"
        return [sys.executable, "-m", module, self.mode, str(self.port), self.address, str(kept)]

    def ready_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/frames"

    def target(self) -> list[str]:
        file = self.folder / "tokens"
        file.write_text("\n" * self.streams)
        return ["--whip", f"http://127.0.0.1:{self.port}/whip", "--tokens", str(file)]

    def frames_kept(self) -> int:
        return sum(httpx2.get(self.ready_url(), trust_env=False).json())


class AiortcRecord(_Aiortc):
    name, mode, streams_max = "aiortc, MediaRecorder", "record", 4


class AiortcDecode(_Aiortc):
    name, mode, streams_max = "aiortc, decode only", "decode", 16


class AiortcPassthrough(_Aiortc):
    name, mode, streams_max = "aiortc, passthrough", "passthrough", 16


RECEIVERS: tuple[type[Receiver], ...] = (Ours, Janus, AiortcPassthrough, AiortcDecode, AiortcRecord)


def kept_of(made: Parts, session_id: str | None = None) -> Counter[str]:
    """Packets by kind that are whole in what is stored, of all sessions or of one."""
    return sum((_kept(segment) for segment in _opened(made, session_id)), Counter())


def _opened(made: Parts, session_id: str | None) -> Iterator[bytes]:
    with made.core.db.read() as db:
        units = {
            row.id: made.review.opener.unit(row.id, key)
            for row in db.scalars(select(UnitRow))
            if (key := row.key()) and session_id in (None, row.session_id)
        }
        keys = {row.id: row.sealed_key for row in db.scalars(select(TakeRow))}
        for row in db.scalars(select(SegmentRow).where(SegmentRow.unit_id.in_(units))):
            sealed = made.review.objects.get(row.object_key)
            yield units[row.unit_id].open(
                row.take_id, keys[row.take_id] or b"", row.seq, row.media_type, sealed
            )


def _kept(segment: bytes) -> Counter[str]:
    """Packets of a segment by kind, without the silence that fills holes."""
    with av.open(io.BytesIO(segment), "r") as container:
        packets = [packet for packet in container.demux() if packet.size]
        return Counter(packet.stream.type for packet in packets if bytes(packet) not in SILENT)
