"""Build: after a push or an API call asked for it, before the release. Source becomes an image."""

from __future__ import annotations

from collections.abc import Callable

from paas.bootstrap import Services
from paas.domain.app import App
from paas.domain.build import Build
from paas.pipeline import fetch
from paas.ports.builder import BuildRequest, BuildResult, Say

SOURCE = "source.tar"  # in the build's folder: a push's archive, or what was fetched


def build(services: Services, app: App, row: Build, say: Say, cancelled: Callable[[], bool]) -> BuildResult:
    """The image and its process types. Raises `BuildFailed` and its kin, `InvalidSource`, `DiskLow`."""
    source = services.settings.builds_dir / row.id / SOURCE
    if row.source_url and not source.exists():
        say(f"-----> Fetching source from {row.source_url.split('?', 1)[0]}\n")
        fetch.fetch(
            row.source_url,
            source,
            services.settings.max_source,
            allow_private=bool(services.settings.allow_private_sources),
        )
    current = services.store.releases.current(app.id)
    request = BuildRequest(
        build_id=row.id,
        app_id=app.id,
        app_name=app.name,
        source=source,
        commit=row.source_version,
        env=services.store.configs.get(app.id),
        previous_image=current.slug.image if current.slug else None,
    )
    return services.builder.build(request, say, cancelled)
