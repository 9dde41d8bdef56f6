"""The nodejs buildpack, run in the build image on real apps."""

from __future__ import annotations

from tests.buildpacks import BuildBox


def test_only_package_json_makes_a_node_app(box: BuildBox) -> None:
    assert box.detect("nodejs").code == 100
    box.run("touch", "package.json")
    assert box.detect("nodejs").code == 0


def test_dependencies_become_a_launch_layer_that_the_app_links_to(box: BuildBox) -> None:
    box.push("node_express")

    built = box.build("nodejs")

    assert built.code == 0, built.output
    assert "-----> Using Node.js 18.20.4, the stack's\n-----> Installing dependencies with npm ci\n" in built.output
    assert box.layer("nodejs", "modules")["types"] == {"launch": True}
    assert box.run("readlink", "/app/node_modules").output == "/layers/paas_nodejs/modules/node_modules\n"
    assert "hello from nowhere" in box.serve("nodejs")


def test_a_code_only_push_needs_nothing_but_the_key(box: BuildBox) -> None:
    box.push("node_express")
    box.build("nodejs")
    before = box.layer("nodejs", "modules")
    box.restore("nodejs")
    box.push("node_express", {"server.js": "// changed\n"})

    built = box.build("nodejs")

    assert "-----> Using the dependencies installed before" in built.output
    assert box.layer("nodejs", "modules") == before
    assert box.layer("nodejs", "launch")["processes"][0]["args"] == ["node server.js"]
    assert box.run("sh", "-c", "ls -d /layers/paas_nodejs/*/").code != 0
    assert box.run("test", "-L", "/app/node_modules").code == 0


def test_without_a_lock_file_npm_installs_with_a_warning_and_leaves_none(box: BuildBox) -> None:
    box.push("node_no_lock")

    built = box.build("nodejs")

    assert built.code == 0, built.output
    assert (
        " !     Warning: There is no package-lock.json, so versions are chosen anew with each change.\n" in built.output
    )
    assert box.run("test", "-e", "/app/package-lock.json").code == 1


def test_npm_is_there_at_run_time(box: BuildBox) -> None:
    box.push("node_no_lock")
    box.build("nodejs")
    box.build("procfile")

    assert "172800000" in box.serve("procfile")


def test_a_lock_file_that_lags_behind_fails_and_says_what_to_do(box: BuildBox) -> None:
    box.push("node_lock_outdated")

    built = box.build("nodejs")

    assert built.code == 1
    assert built.output.endswith(
        "\n !     Error: Unable to install dependencies with npm.\n !     \n"
        " !     package.json and package-lock.json don't agree. Run `npm install` on your machine,\n"
        " !     commit package-lock.json and push again.\n\n"
    )


def test_a_build_script_has_development_dependencies_and_the_image_has_not(box: BuildBox) -> None:
    for push in range(2):
        box.push("node_build_script")

        built = box.build("nodejs")

        assert built.code == 0, built.output
        assert "       built with v18.20.4\n" in built.output
        assert box.run("ls", "-A", "/app/node_modules/").output == ".generated\n.package-lock.json\nms\n"
        assert "*** 3600000" in box.serve("nodejs")
        assert ("-----> Using the dependencies installed before" in built.output) == (push == 1)
        box.restore("nodejs")


def test_a_build_script_that_fails_fails_the_build(box: BuildBox) -> None:
    box.push("node_build_script", {"build.js": "throw new Error('no such colour')\n"})

    built = box.build("nodejs")

    assert built.code == 1
    assert "no such colour" in built.output
    assert ' !     Error: The script "build" of package.json failed.\n' in built.output


def test_engines_that_the_stack_does_not_meet_bring_another_node(box: BuildBox) -> None:
    box.push("node_engines")

    built = box.build("nodejs")

    assert built.code == 0, built.output
    assert "-----> Installing Node.js 22.x, as engines.node says (the stack has 18.20.4)\n" in built.output
    assert "v22." in box.serve("nodejs")
    box.restore("nodejs")
    box.push("node_engines")
    assert "installed before (engines.node: 22.x)\n" in box.build("nodejs").output


def test_npm_comes_again_while_the_app_has_a_node_of_its_own(box: BuildBox) -> None:
    box.push("node_engines")
    box.build("nodejs")
    box.restore("nodejs")
    box.push("node_engines", {"package.json": '{ "engines": { "node": "22.x" }, "description": "changed" }'})

    built = box.build("nodejs")

    assert built.code == 0, built.output
    assert "installed before (engines.node: 22.x)\n" in built.output
    assert box.run("/layers/paas_nodejs/npm/bin/npm", "--version").output == "10.9.9\n"


def test_a_registry_that_does_not_answer_is_named(box: BuildBox) -> None:
    box.push("node_express")

    built = box.build("nodejs", {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_fetch_retries": "0"})

    assert built.code == 1
    assert "ECONNREFUSED" in built.output
    assert " !     Error: npm 10.9.9 could not be fetched from http://127.0.0.1:9.\n" in built.output


def test_engines_that_nothing_meets_fail(box: BuildBox) -> None:
    box.push("node_engines", {"package.json": '{ "engines": { "node": "3.999" } }'})

    built = box.build("nodejs")

    assert built.code == 1
    assert " !     Error: There is no Node.js 3.999 to be had from " in built.output


def test_package_json_that_is_none_fails(box: BuildBox) -> None:
    for text, says in (
        ("{", "it is not valid JSON"),
        ("[]", "it is not a JSON object"),
        ('{"engines": {"node": "x; rm -rf /"}}', 'its engines.node, "x; rm -rf /", is no version range'),
    ):
        box.push("node_engines", {"package.json": text})

        built = box.build("nodejs")

        assert built.code == 1
        assert f" !     Error: package.json can't be used: {says}" in built.output


def test_workspaces_stay_where_their_links_work(box: BuildBox) -> None:
    box.push("node_workspaces")

    built = box.build("nodejs")

    assert built.code == 0, built.output
    assert box.run("test", "-L", "/app/node_modules").code == 1
    assert "hello 60000" in box.serve("nodejs")


def test_a_start_script_that_relies_on_npm_is_run_by_npm(box: BuildBox) -> None:
    scripts = '{"prestart": "echo first", "start": "node main.js"}'
    box.push("node_engines", {"package.json": f'{{"scripts": {scripts}}}'})

    box.build("nodejs")

    assert box.layer("nodejs", "launch")["processes"][0]["args"] == ["npm start"]
    assert "v18." in box.serve("nodejs")


def test_quotes_and_backslashes_of_a_start_script_survive_a_restore(box: BuildBox) -> None:
    script = r'{"start": "node -e \"console.log(\\\"a\\\\b\\\")\""}'
    for _ in range(2):
        box.push("node_engines", {"package.json": f'{{"scripts": {script}}}'})
        box.build("nodejs")
        assert box.layer("nodejs", "launch")["processes"][0]["args"] == [r'node -e "console.log(\"a\\b\")"']
        box.restore("nodejs")
