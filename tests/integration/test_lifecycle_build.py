"""Builds on real parts: source and buildpacks become an image that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from paas.adapters import stack_images
from paas.config import Settings
from paas.domain.formation import ProcessType
from paas.errors import BuildFailed, NothingDetected
from tests.builds import PROCFILE, Workshop, workshop

# Copies what deps.txt names into a layer for launch and cache, and does nothing if that has not changed.
DEPS = r"""#!/bin/bash
set -e
wanted=$(sha256sum deps.txt | cut -c1-64)
if [ -f "$1/deps.toml" ] && grep -q "$wanted" "$1/deps.toml" && [ -d "$1/deps" ]; then
  echo "-----> Using cached dependencies"
else
  echo "-----> Installing dependencies"
  rm -rf "$1/deps" && mkdir -p "$1/deps/bin" "$1/deps/env.launch"
  while read -r name; do
    printf '#!/bin/sh\necho "%s $*"\n' "$name" > "$1/deps/bin/$name"
    chmod 755 "$1/deps/bin/$name"
  done < deps.txt
  printf 'from the layer' > "$1/deps/env.launch/GREETING.default"
  echo '{}' > "$1/deps.sbom.cdx.json"
fi
printf '[types]\nlaunch = true\ncache = true\n[metadata]\nsum = "%s"\n' "$wanted" > "$1/deps.toml"
"""
FILES = {
    "deps.txt": "alpha\nbeta\n",
    "Procfile": "web: alpha $PORT && echo $GREETING\nrelease: echo migrated\n",
    "app.py": "1",
}


@pytest.fixture
def shop(settings: Settings) -> Iterator[Workshop]:
    stack_images.ensure(settings, print)
    with workshop(settings) as shop:
        shop.install("deps", DEPS, toml='sbom-formats = ["application/vnd.cyclonedx+json"]')
        shop.install("lines", PROCFILE, api="0.8")
        shop.order("test/deps", "test/lines")
        yield shop


def test_an_app_is_built_and_runs(shop: Workshop) -> None:
    result = shop.build(FILES)

    slug = result.slug
    line = "alpha $PORT && echo $GREETING"
    assert slug.process_types == (ProcessType("web", line, (line,)),)
    assert slug.release_command == "echo migrated"
    assert slug.commit == "c0ffee"
    assert result.buildpacks == ("test/deps 1", "test/lines 1")
    assert shop.run(slug.image, line, PORT="5000") == "alpha 5000\nfrom the layer\n"
    assert shop.run(slug.image, line, PORT="5000", GREETING="hello") == "alpha 5000\nhello\n"


def test_the_log_is_herokus(shop: Workshop) -> None:
    shop.build(FILES)

    *lines, size, end = shop.log.split("\n")
    assert lines == [
        "-----> Building on the paas-12 stack",
        "-----> Using buildpack: test/deps 1",
        "-----> Using buildpack: test/lines 1",
        "-----> Installing dependencies",
        "-----> Discovering process types",
        "       Default types for buildpack -> web",
        "-----> Compressing...",
    ]
    assert size.startswith("       Done: ")
    assert end == ""


def test_every_step_is_timed(shop: Workshop) -> None:
    steps = shop.build(FILES).timings

    assert list(steps) == [
        "prepare", "unpack", "container", "detect", "restore", "build", "stop", "layers", "app layer", "load", "cache", "remove"
    ]  # fmt: skip


def test_processes_run_as_a_user_who_owns_the_app_and_nothing_else(shop: Workshop) -> None:
    image = shop.build(FILES).slug.image

    assert shop.run(image, "id -u; id -g; pwd; echo $HOME") == "1000\n1000\n/app\n/app\n"
    assert shop.run(image, "touch /app/new /app/app.py && echo fine") == "fine\n"
    for place in ("/layers/new", "/layers/config/launch", "/cnb/lifecycle/launcher", "/cnb/process/new", "/new"):
        assert "exit code 1" in shop.run(image, f"echo x >> {place}")


def test_the_image_starts_its_default_process_by_itself(shop: Workshop) -> None:
    image = shop.build(FILES).slug.image

    assert shop.run(image, entrypoint=None, PORT="1") == "alpha 1\nfrom the layer\n"
    assert shop.run(image, entrypoint="/cnb/process/web", PORT="2") == "alpha 2\nfrom the layer\n"


def test_the_same_source_gives_the_same_image(shop: Workshop) -> None:
    first = shop.build(FILES).slug
    second = shop.build(FILES, previous_image=first.image).slug
    third = shop.build(FILES, previous_image=None).slug

    assert first == second == third


def test_only_the_app_is_sent_when_only_the_app_changed(shop: Workshop) -> None:
    first = shop.image(shop.build(FILES).slug.image)["RootFS"]["Layers"]
    assert "Installing dependencies" in shop.log

    result = shop.build({**FILES, "app.py": "2"}, previous_image=None)
    second = shop.image(result.slug.image)["RootFS"]["Layers"]

    assert "Using cached dependencies" in shop.log
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]


def test_changed_dependencies_are_installed_anew(shop: Workshop) -> None:
    image = shop.build(FILES).slug.image

    image = shop.build({**FILES, "deps.txt": "alpha\ngamma\n"}, previous_image=image).slug.image

    assert "Installing dependencies" in shop.log
    assert shop.run(image, "gamma x") == "gamma x\n"
    assert "exit code 127" in shop.run(image, "beta x")


def test_a_layer_that_is_needed_by_nothing_but_the_image_is_reused_without_its_files(shop: Workshop) -> None:
    launch_only = DEPS.replace("cache = true\\n", "").replace('&& [ -d "$1/deps" ]', '&& [ ! -d "$1/deps" ]')
    shop.install("deps", launch_only, toml='sbom-formats = ["application/vnd.cyclonedx+json"]')
    first = shop.build(FILES).slug

    second = shop.build(FILES, previous_image=first.image).slug

    assert "Using cached dependencies" in shop.log
    assert second == first


def test_an_image_that_is_gone_is_sent_again_whole(shop: Workshop) -> None:
    first = shop.build(FILES).slug
    shop.client.remove_image(shop.image(first.image)["RepoTags"][0])

    second = shop.build({**FILES, "app.py": "2"}, previous_image=first.image).slug

    assert "Using cached dependencies" in shop.log
    assert shop.run(second.image, "beta x") == "beta x\n"


def test_labels_tell_where_the_image_comes_from(shop: Workshop) -> None:
    image = shop.image(shop.build(FILES).slug.image)

    labels = image["Config"]["Labels"]
    assert labels["paas.instance"] == shop.settings.name
    assert labels["paas.app"] == shop.app_id
    assert image["RepoTags"] == [f"{shop.settings.name}/{shop.app_id}:build"]
    metadata = json.loads(labels["io.buildpacks.lifecycle.metadata"])
    assert metadata["app"][0]["sha"] == image["RootFS"]["Layers"][-1]
    assert metadata["buildpacks"][0]["layers"]["deps"]["sha"] in image["RootFS"]["Layers"]
    assert shop.run(image["Id"], "cat /layers/sbom/launch/test_deps/deps/sbom.cdx.json") == "{}\n"


def test_images_of_builds_that_came_to_nothing_are_removed(shop: Workshop, wait_for: object) -> None:
    labels = {"label": f"paas.app={shop.app_id}"}
    shop.build(FILES)
    shop.build({**FILES, "app.py": "2"})

    assert callable(wait_for)
    wait_for(lambda: len(shop.client.images(filters=labels)) == 1)


def test_a_build_sees_config_vars_the_certificates_and_nothing_of_ours(shop: Workshop) -> None:
    show = '#!/bin/sh\nenv | sort; cat "$2/env/SECRET"; ls -d /app /layers /platform /var/run/docker.sock; head -1 "$PIP_CERT"\n'
    shop.use(show=show)

    shop.build({"a": "1"}, env={"SECRET": "x y\n"})

    lines = shop.log.splitlines()
    assert {"SECRET=x y", "HOME=/tmp/home", "SOURCE_DATE_EPOCH=315532801", "SOURCE_VERSION=c0ffee"} <= set(lines)
    assert "ls: cannot access '/var/run/docker.sock': No such file or directory" in lines
    assert not [line for line in lines if line.startswith("PAAS_")]


def test_buildpacks_see_what_those_before_them_made(shop: Workshop) -> None:
    tool = r"""#!/bin/bash
mkdir -p "$1/tool/bin" "$1/tool/env"
printf '#!/bin/sh\necho tool $VERSION\n' > "$1/tool/bin/tool"
chmod 755 "$1/tool/bin/tool"
printf 3 > "$1/tool/env/VERSION"
printf '[types]\nbuild = true\n' > "$1/tool.toml"
"""
    shop.use(tool=tool, user="#!/bin/sh\ntool\n")

    image = shop.build({"a": "1"}).slug.image

    assert "\ntool 3\n" in shop.log
    assert shop.run(image, "ls /layers") == "config\n"


def test_processes_of_buildpacks_run_directly_in_their_folder(shop: Workshop) -> None:
    declare = """#!/bin/sh
cat > "$1/launch.toml" <<'END'
[[processes]]
type = "web"
command = ["sh", "-c", 'pwd; echo "$@"', "sh"]
args = ["default", "args"]
working-dir = "sub"
[[processes]]
type = "odd.name"
command = ["true"]
END
"""
    shop.use(declare=declare)

    slug = shop.build({"sub/file": "x"}).slug

    [web] = slug.process_types
    assert (web.name, web.args) == ("web", ("--process", "web"))
    assert shop.run(slug.image, *web.args) == "/app/sub\ndefault args\n"
    assert "Process type 'odd.name' is left out" in shop.log


def test_slices_are_layers_of_their_own(shop: Workshop) -> None:
    shop.use(slices='#!/bin/sh\necho \'[[slices]]\npaths = ["static"]\' > "$1/launch.toml"\n')
    files = {"static/a.css": "1", "app.py": "1"}
    first = shop.image(shop.build(files).slug.image)["RootFS"]["Layers"]

    image = shop.build({**files, "app.py": "2"}).slug.image
    second = shop.image(image)["RootFS"]["Layers"]

    assert first[-2] == second[-2]
    assert shop.run(image, "cat static/a.css app.py") == "12"


def test_the_first_group_that_detects_builds(shop: Workshop) -> None:
    shop.install("a", "#!/bin/sh\necho built by a\n", detect="#!/bin/sh\n[ -f a ] || exit 100\n")
    shop.install("b", "#!/bin/sh\necho built by b\n", detect="#!/bin/sh\n[ -f b ] || exit 100\n")
    shop.order("test/a test/lines?", "test/b test/lines?")
    shop.install("lines", PROCFILE, api="0.8", detect="#!/bin/sh\n[ -f Procfile ] || exit 100\n")

    assert shop.build({"b": ""}).buildpacks == ("test/b 1",)
    assert shop.build({"a": "", "b": "", "Procfile": "web: x\n"}).buildpacks == ("test/a 1", "test/lines 1")
    with pytest.raises(NothingDetected) as nothing:
        shop.build({"c": ""})
    assert nothing.value.tried == ("test/a", "test/lines", "test/b")


def test_a_failed_build_shows_why_and_keeps_the_cache(shop: Workshop) -> None:
    image = shop.build(FILES).slug.image
    shop.install("lines", "#!/bin/sh\necho some reason >&2; exit 7\n")

    with pytest.raises(BuildFailed, match="test/lines 1: bin/build ended with exit code 7"):
        shop.build(FILES, previous_image=image)

    assert shop.log.endswith("-----> Using cached dependencies\nsome reason\n")
    assert shop.containers() == []
    shop.install("lines", PROCFILE, api="0.8")
    shop.build(FILES, previous_image=image)
    assert "Using cached dependencies" in shop.log


def test_health_checks_of_app_json_are_in_the_slug(shop: Workshop) -> None:
    app_json = json.dumps({"healthchecks": {"web": [{"path": "/up"}]}})

    assert shop.build({**FILES, "app.json": app_json}).slug.health.path == "/up"
