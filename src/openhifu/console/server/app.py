"""The app: every router behind the guard, the guard behind the fence."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import Depends, FastAPI

from openhifu.console.server import (
    refusals,
    routes_cases,
    routes_jobs,
    routes_live,
    routes_page,
    routes_people,
    routes_plans,
    routes_runs,
)
from openhifu.console.server.access import guard
from openhifu.console.server.fence import Fence
from openhifu.console.server.state import Console

ROUTERS = (
    routes_people.router,
    routes_cases.router,
    routes_plans.router,
    routes_runs.router,
    routes_live.router,
    routes_jobs.router,
    routes_page.router,
)
"""In order: the last one takes whatever is left."""


def app_of(console: Console) -> FastAPI:
    """The app of a console."""
    app = FastAPI(
        title="OpenHIFU console",
        version=version("openhifu"),
        description="The five verbs over HTTP. Research software; not a medical device.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(guard)],
    )
    app.state.console = console
    app.add_middleware(Fence, settings=console.settings)
    refusals.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
