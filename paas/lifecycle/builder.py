"""The builder by Cloud Native Buildpacks: detect, restore, build, export.

The phases' decisions are taken here, by the worker; only buildpacks' programs run in the build container, one for all phases.
It starts while the source is unpacked, and what it leaves is read when nothing in it runs any more.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from paas.config import Settings, passthrough
from paas.domain.release import Slug
from paas.errors import BuildFailed, BuildOutOfMemory, DiskLow, Invalid, PlatformFault
from paas.lifecycle.app_json import health_check
from paas.lifecycle.build import Built, build
from paas.lifecycle.build_environment import HOME, BuildEnvironment, operator_env
from paas.lifecycle.build_limits import BuildLimits
from paas.lifecycle.cache import AppCache, referenced, remove
from paas.lifecycle.container import BuildContainer
from paas.lifecycle.detect import detect
from paas.lifecycle.export import Exported, Exporter, ExportRequest
from paas.lifecycle.launch import PROCFILE, RELEASE, Launch, merge, process_types
from paas.lifecycle.programs import Programs
from paas.lifecycle.restore import Restored, give_back, restore
from paas.lifecycle.source import unpack
from paas.lifecycle.stack import EXEC_ENV, Stack, find_stack, read_groups
from paas.lifecycle.stopwatch import Stopwatch
from paas.lifecycle.workspace import AGENT, Workspace, check_free, is_full
from paas.ports.builder import BuildRequest, BuildResult, Say
from paas.ports.engine import Limits
from paas.ports.image_store import ImageStore
from paas.ports.layer_store import LayerStore
from paas.ports.sandbox import Sandbox, SandboxSpec

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_BUILDPACKS = Path(__file__).parents[2] / "buildpacks"  # those that come with the platform


class CnbBuilder:
    """Implements `Builder`. `buildpacks` is a folder that holds a folder for each buildpack, and `order.toml`.

    Needs root: builds run as the stack's user, who must own the app's files and nothing else of the build's folders.
    """

    def __init__(
        self,
        settings: Settings,
        sandbox: Sandbox,
        images: ImageStore,
        layers: LayerStore,
        *,
        buildpacks: Path = _BUILDPACKS,
        run_image: str = "paas-stack/run:12",
        build_image: str = "paas-stack/build:12",
    ) -> None:
        self._settings = settings
        self._sandbox = sandbox
        self._images = images
        self._layers = layers
        self._buildpacks = buildpacks
        self._run_image = run_image
        self._build_image = build_image

    def build(self, request: BuildRequest, say: Say, cancelled: Callable[[], bool]) -> BuildResult:
        settings = self._settings
        check_free(settings.builds_dir, settings.min_free_disk)
        workspace = self._workspace(request.build_id)
        if workspace.top.exists():  # the worker that began it died
            self.discard(request.build_id)
        limits = BuildLimits(settings.build_timeout, settings.builds_dir, settings.min_free_disk, cancelled)
        try:
            return self._build(request, workspace, limits, say)
        except OSError as exc:
            if is_full(exc):
                raise DiskLow(str(settings.builds_dir), 0, settings.min_free_disk) from exc
            raise PlatformFault(f"the build's folders can't be used: {exc}") from exc
        finally:
            workspace.remove()

    def discard(self, build_id: str) -> None:
        self._sandbox.discard(build_id)
        self._workspace(build_id).remove()

    def forget(self, app_id: str) -> None:
        self._images.remove(self._tag(app_id))
        self._images.prune(self._labels(app_id))
        remove(self._cache_folder(app_id))
        self._collect()

    def _build(self, request: BuildRequest, workspace: Workspace, limits: BuildLimits, say: Say) -> BuildResult:
        watch = Stopwatch()
        cache = AppCache(self._cache_folder(request.app_id), self._layers)
        with watch("prepare"):
            stack = find_stack(self._images, self._run_image, self._build_image)
            say(f"-----> Building on the {stack.name} stack\n")
            has_ca_bundle = workspace.create(request.env, Path(self._settings.ca_bundle))
            operator = operator_env(passthrough(), request.commit, has_ca_bundle=has_ca_bundle)
            environment = BuildEnvironment(stack.build.env, request.env, operator, stack.target, stack.name, EXEC_ENV)
        container = BuildContainer(self._sandbox, self._sandbox_spec(request, workspace, stack), limits.check)
        restored: Restored = {}
        try:
            with watch("unpack"):
                unpack(request.source, workspace.app, self._settings.max_source)
                health = health_check(workspace.app)
                groups = read_groups(self._buildpacks, stack.target)
                kept = cache.load()
            with watch("container"):
                container.wait()
            programs = Programs(workspace, container, environment, say)
            with watch("detect"):
                limits.enter("detect")
                plan = detect(groups, programs.detect, say)
                for buildpack in plan.group:
                    say(f"-----> Using buildpack: {buildpack.ref}\n")
            with watch("restore"):
                limits.enter("restore")
                restored = restore(plan.group, kept, cache, stack.id, workspace.prepared, workspace.layers)
            with watch("build"):
                limits.enter("build")
                built = build(plan, workspace.layers, EXEC_ENV, programs.build)
            with watch("stop"):
                container.stop()
            launch = merge(b.launch for b in built)
            types, release_command, refused = process_types(launch.processes)
            _say_types(launch, refused, say)
            limits.enter("export")
            say("-----> Compressing...\n")
            exported = self._export(request, workspace, stack, built, launch, restored, watch)
            say(f"       Done: {_size(exported.size)}\n")
            with watch("cache"):
                cache.save(exported.kept, exported.folders, exported.files)
                restored = {}  # nothing of it is to be given back any more
                if exported.kept != kept:
                    self._collect()
            self._prune(request.app_id)
        except BuildFailed as exc:
            if exc.phase in ("detect", "build") and container.ran_out_of_memory():
                raise BuildOutOfMemory(exc.phase, self._settings.build_memory) from exc
            raise
        finally:
            with watch("remove"):
                container.close()
                give_back(restored, cache)
        slug = Slug(exported.image, types, release_command, health, request.commit, exported.size)
        return BuildResult(slug, tuple(b.buildpack.ref for b in built), watch.seconds)

    def _export(
        self,
        request: BuildRequest,
        workspace: Workspace,
        stack: Stack,
        built: Sequence[Built],
        launch: Launch,
        restored: Restored,
        watch: Stopwatch,
    ) -> Exported:
        export = ExportRequest(
            app=workspace.app,
            layers=workspace.layers,
            scratch=workspace.scratch,
            base=stack.run,
            base_name=stack.run_tag,
            built=built,
            launch=launch,
            restored=restored,
            stack=stack.id,
            instance=self._settings.name,
            app_id=request.app_id,
            commit=request.commit,
            tag=self._tag(request.app_id),
            previous_image=request.previous_image,
            limit=self._settings.max_image,
        )
        return Exporter(self._images, self._layers, export, watch).export()

    def _sandbox_spec(self, request: BuildRequest, workspace: Workspace, stack: Stack) -> SandboxSpec:
        settings = self._settings
        return SandboxSpec(
            build_id=request.build_id,
            app_id=request.app_id,
            app_name=request.app_name,
            image=stack.build.id,
            # -I and -S: neither the working directory nor site packages have a say in what the agent imports.
            command=("python3", "-I", "-S", AGENT, HOME),
            env={},
            mounts=workspace.mounts(self._buildpacks),
            limits=Limits(settings.build_memory, settings.build_cpus, settings.build_pids),
        )

    def _workspace(self, build_id: str) -> Workspace:
        return Workspace(self._settings.builds_dir / _checked("build", build_id) / "work")

    def _cache_folder(self, app_id: str) -> Path:
        return self._settings.caches_dir / _checked("app", app_id)

    def _tag(self, app_id: str) -> str:
        """Held by the app's last build, so that no prune takes its image before a release has tagged it."""
        return f"{self._settings.name}/{_checked('app', app_id)}:build"

    def _labels(self, app_id: str) -> dict[str, str]:
        return {"paas.instance": self._settings.name, "paas.app": app_id}

    def _prune(self, app_id: str) -> None:
        """Removes images that this build's took the tag from and no release holds: of builds that were not released. Nobody
        waits for it; what it misses the next one finds."""
        threading.Thread(target=self._images.prune, args=(self._labels(app_id),), daemon=True).start()

    def _collect(self) -> None:
        self._layers.collect(lambda: referenced(self._settings.caches_dir))


def _checked(kind: str, identity: str) -> str:
    """An id that becomes the name of a folder. Raises `Invalid`."""
    if not _ID.fullmatch(identity):
        raise Invalid(kind, identity, "is no id")
    return identity


def _say_types(launch: Launch, refused: Sequence[str], say: Say) -> None:
    say("-----> Discovering process types\n")
    declared = [p.type for p in launch.processes if p.buildpack == PROCFILE]
    suggested = [p.type for p in launch.processes if p.buildpack != PROCFILE and p.type != RELEASE]
    if declared:
        say(f"       Procfile declares types -> {', '.join(declared)}\n")
    if suggested:
        say(f"       Default types for buildpack -> {', '.join(suggested)}\n")
    if not declared and not suggested:
        say("       None: add a Procfile that says how to start the app\n")
    for name in refused:
        say(f" !     Process type {name!r} is left out: letters, digits, dashes and underscores only\n")


def _size(count: int) -> str:
    """`8.3M`, as on Heroku."""
    size = float(count)
    for unit in ("", "K"):
        if size < 1024:
            return f"{size:.1f}{unit}"
        size /= 1024
    return f"{size:.1f}M"
