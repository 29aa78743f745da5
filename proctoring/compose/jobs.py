"""List of the background jobs: each by name, with how often it is done."""

from collections.abc import Sequence

from proctoring.casework.summary_check import SUMMARIES_INTERVAL_S, SummaryCheck
from proctoring.compose.parts import WorkerParts, watch
from proctoring.jobs import Job
from proctoring.proofs.checkpoints import CHECKPOINT_INTERVAL_S
from proctoring.proofs.job import REPLAY_INTERVAL_S
from proctoring.settings.settings import Settings

ROTATION_INTERVAL_S = 3600.0


def intervals(settings: Settings) -> dict[str, float]:
    """The name of every job and how often it is done, in seconds."""
    return {
        "retention": float(settings.purge_interval_s),
        "keys": ROTATION_INTERVAL_S,
        "quarantine": CHECKPOINT_INTERVAL_S,
        "checkpoints": CHECKPOINT_INTERVAL_S,
        "replay": REPLAY_INTERVAL_S,
        "summaries": SUMMARIES_INTERVAL_S,
    }


def jobs(made: WorkerParts) -> Sequence[Job]:
    """Every job of the service over these parts."""
    every = intervals(made.core.settings)
    return (
        Job("retention", made.eraser().pass_now, every["retention"]),
        Job("keys", made.rotation().run, every["keys"]),
        Job("quarantine", watch(made.core, made.signer).look, every["quarantine"]),
        Job("checkpoints", made.checkpoints().run, every["checkpoints"]),
        Job("replay", made.ledger_replay().run, every["replay"]),
        Job("summaries", SummaryCheck(made.core).run, every["summaries"]),
    )
