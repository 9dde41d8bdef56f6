"""Status: what runs of an app, as people are told it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from paas.bootstrap import Services
from paas.domain import plan as planning
from paas.domain.app import App
from paas.domain.process import Kind, Process, ProcessState
from paas.pipeline.converge import View, look


@dataclass(frozen=True)
class ProcessStatus:
    """A process, its state, and since when it has it."""

    process: Process
    state: ProcessState
    since: datetime


def processes(services: Services, app: App) -> list[ProcessStatus]:
    """All processes of the app, by type and number, one-off ones last."""
    view = look(services, app.id)
    known = [ProcessStatus(p, state, _since(p)) for p in view.processes if (state := _state(p, view)) is not None]
    return sorted(
        known,
        key=lambda s: (s.process.kind is not Kind.FORMATION, s.process.type != "web", s.process.type, s.process.index),
    )


def _state(process: Process, view: View) -> ProcessState | None:
    if process.kind is not Kind.FORMATION:
        return ProcessState.UP if process.running else None
    if process in view.plan.crashed:
        return ProcessState.CRASHED
    if not process.running:
        return None  # about to be removed
    if process in view.plan.keep or process in view.plan.newer:
        up = process.type != "web" or planning.is_published(process, view.route)
        return ProcessState.UP if up else ProcessState.STARTING
    return ProcessState.UP if process in view.plan.standing else ProcessState.STOPPING


def _since(process: Process) -> datetime:
    return process.finished_at or process.started_at or process.created_at
