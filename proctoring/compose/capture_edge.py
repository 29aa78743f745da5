"""The capture edge: the candidate's pages and the ingest."""

from collections.abc import Callable, Mapping

from starlette.middleware import Middleware

from capture import pages as candidate_pages
from capture.figures import CaptureFigures
from capture.front import load
from capture.late import endpoint as late
from capture.late.gap_filler import GapFiller
from capture.logs import events
from capture.logs.keeper import LogKeeper
from capture.pages import identity
from capture.pages.board import StatusBoard
from capture.pages.polls import StatusPolls
from capture.publish import rehearsal, whip
from capture.publish.ingests import Ingests
from capture.signals.recorder import WatchingRecorder
from capture.signals.watch import Watch
from capture.spool.leftover_spool import LeftoverSpool
from capture.spool.report import SpoolReport
from capture.spool.sink import Sink
from capture.spool.spool import Spool
from proctoring.compose.app import Edge
from proctoring.compose.key_checks import sealing
from proctoring.compose.parts import CaptureParts
from proctoring.compose.relays import ice_servers, relays_of
from proctoring.data_folder import DataFolder
from proctoring.links import Links

CAPTURE_BODIES = (
    *whip.BODIES,
    *rehearsal.BODIES,
    *late.BODIES,
    *events.BODIES,
    *identity.BODIES,
)


def page_tokens(links: Links) -> Mapping[str, Callable[[str], str]]:
    """What reads the token in the address of a candidate's page."""
    return {"c": links.read_invitation, "p": links.read_phone}


def capture_edge(made: CaptureParts, number: int = 0, of: int = 1) -> Edge:
    """The candidate's pages and the ingest, of process `number` of a front's `of`."""
    core = made.core
    settings = core.settings
    own, *left = DataFolder(settings.data).spools(number, of)
    sink = Sink(core, made.objects, Spool(own))
    emptied = [LeftoverSpool(core, made.objects, folder) for folder in left]
    watch = Watch()
    ingests = Ingests(
        WatchingRecorder(core, made.objects, sink.recorder, watch),
        ice_servers=ice_servers(settings),
        addresses=settings.media_addresses or None,
        media_port=settings.media_port and settings.media_port + number,
    )
    report = SpoolReport(core, sink.spool, ingests)
    filler = GapFiller(sink.late)
    keeper = LogKeeper(core, sink.recorder)
    relays = relays_of(core)
    forgetful = rehearsal.ForgetfulRecorder(core)
    rehearsals = Ingests(
        forgetful,
        ice_servers=ice_servers(settings),
        rounds=ingests.rounds,
        ingests_max=rehearsal.REHEARSALS_MAX,
    )
    figures = CaptureFigures({"recording": ingests, "rehearsal": rehearsals}, sink.spool)
    board = StatusBoard(core, sink.identity)
    tokens = page_tokens(core.links)
    return Edge(
        checks={"store": made.objects.check, "spool": sink.check, "keys": lambda: sealing(core)},
        routers=[
            whip.routes(ingests, relays),
            late.routes(filler),
            rehearsal.routes(forgetful, rehearsals, core, relays),
            events.routes(keeper),
            *([load.routes([ingests, rehearsals], sink.spool, sink.identity)] if of > 1 else []),
        ],
        pages=[candidate_pages.routes(core, sink.identity)],
        static={"candidate": "capture"},
        running=[*emptied, sink, report, figures, filler, watch, keeper, ingests, rehearsals, board],
        bodies=CAPTURE_BODIES,
        tokens=tokens,
        inner=[Middleware(StatusPolls, board, tokens)],
    )
