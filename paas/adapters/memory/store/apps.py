"""Apps, their formations and domains in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import uuid4

from paas.adapters.memory.store.rows import Part, first, found
from paas.domain.app import App
from paas.domain.formation import Scale, check_quantity, quantities
from paas.domain.release import Release, ReleaseStatus
from paas.errors import DomainTaken, NameTaken, NotFound


class MemoryApps(Part):
    def add(self, name: str, owner_id: str) -> App:
        with self._rows.lock:
            found(self._rows.users.get(owner_id), "user", owner_id)
            self._check_free(name)
            now = self._rows.clock.now()
            app = App(str(uuid4()), name, owner_id, created_at=now, updated_at=now)
            self._rows.apps[app.id] = app
            self._rows.append(app.id, "Initial release", owner_id, {}, status=ReleaseStatus.SUCCEEDED)
            self._rows.record("app.create", f"Created app {name}", owner_id, app.id)
            return app

    def get(self, ref: str) -> App:
        with self._rows.lock:
            return first(self._rows.apps.values(), lambda a: ref in (a.id, a.name), "app", ref)

    def list(self, owner_id: str | None = None) -> Sequence[App]:
        with self._rows.lock:
            apps = [a for a in self._rows.apps.values() if owner_id in (None, a.owner_id)]
            return sorted(apps, key=lambda a: a.name)

    def rename(self, app_id: str, name: str, user_id: str) -> App:
        with self._rows.lock:
            app = self._rows.app(app_id)
            if app.name == name:
                return app
            self._check_free(name)
            self._rows.record("app.rename", f"Renamed app {app.name} to {name}", user_id, app_id)
            return self._rows.advance(app_id, name=name)

    def set_maintenance(self, app_id: str, on: bool, user_id: str) -> App:
        with self._rows.lock:
            app = self._rows.app(app_id)
            if app.maintenance == on:
                return app
            state = "on" if on else "off"
            self._rows.record(f"maintenance.{state}", f"Turned maintenance {state}", user_id, app_id)
            return self._rows.advance(app_id, maintenance=on)

    def request_restart(self, app_id: str, process: str | None, user_id: str) -> None:
        with self._rows.lock:
            self._rows.advance(app_id)
            marks = self._rows.marks.setdefault(app_id, {})
            marks[process or ""] = marks.get(process or "", 0) + 1
            self._rows.record("process.restart", f"Restarted {process or 'all processes'}", user_id, app_id)

    def restart_marks(self, app_id: str) -> Mapping[str, int]:
        with self._rows.lock:
            return dict(self._rows.marks.get(app_id, {}))

    def remove(self, app_id: str, user_id: str) -> None:
        rows = self._rows
        with rows.lock:
            app = rows.apps.pop(app_id, None)
            if app is None:
                return
            rows.marks.pop(app_id, None)
            rows.scaled.pop(app_id, None)
            rows.releases = [r for r in rows.releases if r.app_id != app_id]
            rows.builds = {k: b for k, b in rows.builds.items() if b.app_id != app_id}
            rows.domains = {k: owner for k, owner in rows.domains.items() if owner != app_id}
            rows.record("app.destroy", f"Destroyed app {app.name}", user_id, app_id)

    def _check_free(self, name: str) -> None:
        if any(a.name == name for a in self._rows.apps.values()):
            raise NameTaken(name)


class MemoryFormations(Part):
    def get(self, app_id: str, release: Release | None = None) -> dict[str, int]:
        with self._rows.lock:
            slug = (release or self._rows.current(app_id)).slug
            return quantities(slug.process_types if slug else (), self._rows.scaled.get(app_id, {}))

    def scale(self, app_id: str, scales: Sequence[Scale], user_id: str) -> dict[str, int]:
        with self._rows.lock:
            before = self.get(app_id)
            after = {**before, **{s.type: check_quantity(s.type, s.quantity) for s in scales}}
            for unknown in after.keys() - before.keys():
                raise NotFound("process type", unknown)
            changed = {name: quantity for name, quantity in after.items() if quantity != before[name]}
            if changed:
                self._rows.scaled.setdefault(app_id, {}).update(changed)
                self._rows.advance(app_id)
                detail = "Scaled to " + " ".join(f"{name}={quantity}" for name, quantity in changed.items())
                self._rows.record("formation.scale", detail, user_id, app_id)
            return after


class MemoryDomains(Part):
    def add(self, app_id: str, hostname: str, user_id: str) -> None:
        with self._rows.lock:
            self._rows.app(app_id)
            if hostname in self._rows.domains:
                raise DomainTaken(hostname)
            self._rows.domains[hostname] = app_id
            self._rows.advance(app_id)
            self._rows.record("domain.create", f"Added {hostname}", user_id, app_id)

    def list(self, app_id: str) -> Sequence[str]:
        with self._rows.lock:
            return sorted(name for name, owner in self._rows.domains.items() if owner == app_id)

    def remove(self, app_id: str, hostname: str, user_id: str) -> None:
        with self._rows.lock:
            self._rows.app(app_id)
            if self._rows.domains.get(hostname) != app_id:
                raise NotFound("domain", hostname)
            del self._rows.domains[hostname]
            self._rows.advance(app_id)
            self._rows.record("domain.destroy", f"Removed {hostname}", user_id, app_id)
