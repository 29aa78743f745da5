"""Client of an application that has one role's database user."""

from fastapi import APIRouter, FastAPI

from proctoring.core import Core
from proctoring.web import health, problems
from tests.support.asgi import AsgiClient


def client_of(core: Core, router: APIRouter) -> AsgiClient:
    """The role's application, short of its running parts."""
    app = FastAPI()
    problems.install(app)
    app.include_router(health.routes(core, {"database": core.db.check}))
    app.include_router(router)
    return AsgiClient(app)


def read(client: AsgiClient, path: str, headers: dict[str, str] | None = None) -> None:
    """The answer is one that the service means, not its mistake."""
    answered = client.get(path, headers=headers)
    assert answered.status_code in (200, 303, 401, 403, 404, 422), f"{path}: {answered.text}"
