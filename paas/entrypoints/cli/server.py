"""The instance on this machine, for commands that root uses without the API: they work while the web process is down."""

from __future__ import annotations

from paas import bootstrap, config
from paas.bootstrap import Services
from paas.domain.user import User
from paas.entrypoints.operator.info import require_installed
from paas.errors import SetupFailed


def connect() -> Services:
    """The instance that PAAS_NAME and PAAS_DATA_DIR name, or the default one. Raises `SetupFailed` if there is none."""
    settings = config.load()
    require_installed(settings)
    return bootstrap.connect(settings)


def admin(services: Services) -> User:
    """In whose name root acts: the first admin. Raises `SetupFailed` if there is none, which bin/up mends."""
    for user in services.store.users.list():
        if user.is_admin:
            return user
    raise SetupFailed("There is no administrator yet.", "Run bin/up: it makes one.")
