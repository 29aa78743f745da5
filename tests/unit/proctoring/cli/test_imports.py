"""Each command imports what its role needs, and no library of another: it starts sooner and holds less."""

import subprocess
import sys

import pytest

MEDIA = {"aiortc", "aioice", "av", "cv2", "numpy"}
PAGES = {"fastapi", "jinja2", "babel"}
QUEUE = {"celery", "kombu", "redis"}
LATER = {"alembic", "minio", "hvac"}
"""What only some settings need, or a start that migrates."""

MAY_NOT = {
    "proctoring.cli": MEDIA | PAGES | QUEUE | LATER | {"sqlalchemy", "psycopg", "pydantic", "uvicorn"},
    "proctoring.cli.capture": {"celery", "kombu", "redis", "cv2", "numpy", "review_ui"} | LATER,
    "proctoring.cli.review": MEDIA | QUEUE | LATER | {"capture"},
    "proctoring.cli.jobs": MEDIA | PAGES | QUEUE | LATER | {"uvicorn", "capture", "review_ui"},
    "proctoring.cli.sessions": MEDIA | PAGES | QUEUE | LATER | {"uvicorn", "capture", "review_ui"},
}
PRINT = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"


def imported(code: str) -> set[str]:
    """The packages that a fresh interpreter has after `code`."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("module", MAY_NOT)
def test_a_command_imports_no_library_of_another_role(module: str) -> None:
    """Capture no job queue, review no media, worker and session no page."""
    assert imported(f"import {module}; {PRINT}") & MAY_NOT[module] == set()


def test_help_imports_no_command() -> None:
    """It lists all of them with a sentence each, from their source."""
    run = "from proctoring.cli import main; main(['--help'], standalone_mode=False)"
    assert imported(f"{run}; {PRINT}") & MAY_NOT["proctoring.cli"] == set()
