"""All routes of the review edge in one router, as the service puts them together."""

from fastapi import APIRouter

from proctoring.core import Core
from review_ui.app import media_routes, page_routes
from storage.objects.store import ObjectStore
from storage.seal import Opener


def staff_routes(core: Core, opener: Opener, objects: ObjectStore) -> APIRouter:
    """Pages and media."""
    router = APIRouter()
    router.include_router(media_routes(core, opener, objects))
    router.include_router(page_routes(core, opener, objects))
    return router
