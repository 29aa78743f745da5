"""`proctoring doctor`: is everything there that the service, or one role of it, needs? A line each."""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import click
import redis
from sqlalchemy.exc import SQLAlchemyError

from proctoring.cli.output import common, show
from proctoring.compose import checks
from proctoring.compose.key_checks import opening, sealing
from proctoring.compose.parts import (
    CaptureParts,
    ReviewParts,
    WorkerParts,
    assemble,
    capture_parts,
    review_parts,
    worker_parts,
)
from proctoring.compose.relays import ice_servers, relays_of
from proctoring.core import Core
from proctoring.errors import CoreError, Unavailable
from proctoring.migrations import refuse_unknown
from proctoring.settings import settings as configuration
from proctoring.settings.settings import Settings, Store
from storage.errors import VaultError

RoleParts = CaptureParts | ReviewParts | WorkerParts
FAULTS = (CoreError, VaultError, SQLAlchemyError, redis.RedisError, OSError, ValueError)


class Role(StrEnum):
    ALL = "all"
    CAPTURE = "capture"
    REVIEW = "review"
    WORKER = "worker"


BUILD: dict[Role, Callable[[Settings], RoleParts]] = {
    Role.CAPTURE: capture_parts,
    Role.REVIEW: review_parts,
    Role.WORKER: worker_parts,
}


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """`ask` says what it found, or raises one of FAULTS; `remedy` is what to do then."""

    name: str
    ask: Callable[[], str]
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    passed: bool
    detail: str
    remedy: str = ""
    careful: bool = False

    def line(self) -> str:
        if self.careful:
            return f"WARN  {self.name:13}  {self.detail}"
        if self.passed:
            return f"PASS  {self.name:13}  {self.detail}"
        return f"FAIL  {self.name:13}  {self.detail.rstrip('.')}. {self.remedy}".rstrip()


@click.command()
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.ALL.value,
    show_default=True,
    help="The role that this machine or container has: only what it needs is looked at.",
)
@common
def doctor(data: Path | None, role: str) -> None:
    """Check configuration, clocks, store, keys, EEA regions, relays; exit 1 on a fault."""
    findings = [examine(check) for check in _checks(Role(role), data)]
    faults = {finding.name: finding.detail for finding in findings if not finding.passed}
    result = {
        "ok": not faults,
        "checks": [
            {"name": f.name, "passed": f.passed, "careful": f.careful, "detail": f.detail, "remedy": f.remedy}
            for f in findings
        ],
        "faults": faults,
    }
    show(result, "\n".join(finding.line() for finding in findings))
    if faults:
        sys.exit(1)


def examine(check: DoctorCheck) -> Finding:
    """The check's finding; a part that is unreachable, or refuses, is a fault and no error."""
    try:
        said = check.ask()
        return Finding(check.name, True, said, careful=isinstance(said, checks.Careful))
    except CoreError as error:
        return Finding(check.name, False, error.detail, error.remedy or check.remedy)
    except FAULTS as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Finding(check.name, False, first_line, check.remedy)


def _checks(role: Role, data: Path | None) -> Iterator[DoctorCheck]:
    """Each as soon as the one before was answered; nothing more once there is nothing to ask."""
    try:
        settings = configuration.load(data=data)
    except CoreError as error:
        yield _refused("configuration", error)
        return
    yield DoctorCheck("configuration", lambda: f"{settings.env.value}, {settings.base_url}", "")
    yield DoctorCheck("regions", lambda: checks.regions(settings), "Set PROCTORING_REGION.")
    yield DoctorCheck("notice", lambda: checks.notice(settings), "")
    yield DoctorCheck("proofs' copy", lambda: checks.proofs_copy(settings), "")
    try:
        core, roles = _assemble(role, settings)
    except CoreError as error:
        yield _refused("keys", error)
        return
    try:
        with suppress(SQLAlchemyError):  # the check below says it
            refuse_unknown(core.db)
    except CoreError as error:
        yield _refused("database", error)
        return
    yield from _of_core(core)
    yield DoctorCheck("recording", lambda: _recording(core, role), "Look at the capture processes.")
    yield DoctorCheck(
        "object store", lambda: checks.stores([one.objects for one in roles]), "Look at the store."
    )
    for one in roles:
        yield from _of_role(one, role)


def _assemble(role: Role, settings: Settings) -> tuple[Core, tuple[RoleParts, ...]]:
    if role is Role.ALL:
        made = assemble(settings)
        return made.core, (made.capture, made.review, made.worker)
    one = BUILD[role](settings)
    return one.core, (one,)


def _of_core(core: Core) -> Iterator[DoctorCheck]:
    yield DoctorCheck(
        "database", lambda: checks.database(core), "Start it, or correct PROCTORING_DATABASE_URL."
    )
    yield DoctorCheck("clocks", lambda: checks.clocks(core), "Let NTP set every machine's clock.")
    if core.settings.store is Store.MINIO:
        yield DoctorCheck(
            "store's clock", lambda: checks.store_clock(core), "Let NTP set every machine's clock."
        )


def _recording(core: Core, role: Role) -> str:
    """A fault of capture's is one of capture's alone: another role's place does its work, and warns."""
    try:
        return checks.recording(core)
    except Unavailable as error:
        if role in (Role.ALL, Role.CAPTURE):
            raise
        return checks.Careful(f"{error.detail} {error.remedy}")


def _of_role(one: RoleParts, role: Role) -> Iterator[DoctorCheck]:
    core = one.core
    match one:
        case CaptureParts():
            yield DoctorCheck("sealing", lambda: sealing(core), "Run `proctoring init`.")
            yield DoctorCheck("spool", lambda: checks.spool(core.settings), "Look at the disk of the spool.")
            yield DoctorCheck("media", lambda: checks.media(core.settings), "")
            yield DoctorCheck("media path", checks.media_path, "")
            yield from _of_relays(core)
        case ReviewParts():
            yield DoctorCheck("opening", lambda: opening(core, one.opener), "Bring back keys/private.")
        case WorkerParts():
            if core.settings.store is Store.MINIO:
                yield DoctorCheck("erasure", lambda: checks.erasure(core), "Run `proctoring init` again.")
            yield DoctorCheck("signing", lambda: checks.signing(core, one.signer), "Bring back keys/signing.")
            if core.settings.redis_url:
                yield DoctorCheck("job queue", lambda: checks.job_queue(core), "Start Redis.")
            if role is Role.WORKER:
                yield DoctorCheck(
                    "last pass", lambda: checks.last_pass(core), "See that worker and beat run."
                )


def _of_relays(core: Core) -> Iterator[DoctorCheck]:
    try:
        own = relays_of(core)
    except CoreError as error:
        yield _refused("relay", error)
        return
    for server in [*ice_servers(core.settings), *(own.servers() if own else ())]:
        yield DoctorCheck(
            "relay",
            partial(checks.relay, server),
            "Start it, see that the firewall lets UDP through and that it knows the same secret.",
        )


def _refused(name: str, error: CoreError) -> DoctorCheck:
    def ask() -> str:
        raise error

    return DoctorCheck(name, ask, error.remedy)
