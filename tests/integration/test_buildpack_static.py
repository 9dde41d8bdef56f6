"""The static buildpack, run in the build image on real sites, and nginx asked for their pages."""

from __future__ import annotations

import pytest

from tests.buildpacks import BuildBox


@pytest.mark.parametrize("file", ["index.html", "public/index.html", "dist/index.html", "static.json"])
def test_a_start_page_or_static_json_makes_a_site(box: BuildBox, file: str) -> None:
    assert box.detect("static").code == 100
    box.run("install", "-D", "/dev/null", file)
    assert box.detect("static").code == 0


def test_a_site_is_served_with_types_tags_and_its_own_page_for_what_is_missing(box: BuildBox) -> None:
    box.push("static_site")
    built = box.build("static")
    assert built.code == 0, built.output

    page, style = box.serve("static"), box.serve("static", path="/style.css")
    missing, folder = box.serve("static", path="/nope"), box.serve("static", path="/docs")

    assert "Content-Type: text/html; charset=utf-8" in page
    assert "Hello from a plain site" in page
    assert "Content-Type: text/css" in style
    assert "Cache-Control: no-cache" in style
    assert missing.startswith("HTTP/1.1 404")
    assert "There is no such page" in missing
    assert "Location: /docs/" in folder


def test_a_browser_that_has_the_file_is_not_sent_it_again(box: BuildBox) -> None:
    box.push("static_site")
    box.build("static")
    tag = next(line for line in box.serve("static").splitlines() if line.startswith("ETag: ")).removeprefix("ETag: ")

    known = box.serve("static", headers=(f"If-None-Match: {tag}",))
    other = box.serve("static", headers=('If-None-Match: W/"0123456789abcdef0123"',))

    assert known.startswith("HTTP/1.1 304")
    assert other.startswith("HTTP/1.1 200")


def test_a_tag_changes_with_the_content_though_size_and_time_are_the_same(box: BuildBox) -> None:
    tags = set()
    for text in ("aaaa", "bbbb"):
        box.push("static_site", {"index.html": text})
        box.run("touch", "-d", "1980-01-01T00:00:01Z", "index.html")
        box.build("static")
        tags.add(next(line for line in box.serve("static").splitlines() if line.startswith("ETag: ")))

    assert len(tags) == 2


def test_files_named_by_their_content_are_kept_by_browsers_for_good(box: BuildBox) -> None:
    box.push("static_site")
    box.build("static")

    assert "Cache-Control: public, max-age=31536000, immutable" in box.serve("static", path="/app.0123abcd.js")


def test_what_belongs_to_the_repository_is_not_served(box: BuildBox) -> None:
    box.push("static_site", {".well-known/security.txt": "Contact: us\n", "Procfile": "worker: true\n"})
    box.build("static")

    for path in ("/.env", "/Procfile"):
        assert box.serve("static", path=path).startswith("HTTP/1.1 404")
    assert "Contact: us" in box.serve("static", path="/.well-known/security.txt")


def test_large_text_is_compressed(box: BuildBox) -> None:
    box.push("static_site", {"style.css": "body { margin: 0; }\n" * 200})
    box.build("static")

    answer = box.run(
        "sh", "-c", "PORT=5000 /layers/paas_static/nginx/bin/serve & pid=$!; "
        "until curl -s --compressed -D - -o /dev/null http://127.0.0.1:5000/style.css; do sleep 0.05; done; kill $pid; wait $pid"
    ).output  # fmt: skip

    assert "Content-Encoding: gzip" in answer


def test_a_single_page_app_answers_every_address_with_its_start_page(box: BuildBox) -> None:
    box.push("static_spa")
    built = box.build("static")
    assert "-----> Serving public/ with nginx\n" in built.output

    assert '<div id="app">' in box.serve("static", path="/some/deep/address")
    assert "<h1>About</h1>" in box.serve("static", path="/about")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "static.json is not valid JSON"),
        ('{"root": "../.."}', "In static.json, root must be a path within the repository"),
        ('{"root": "nowhere"}', "The root of static.json, nowhere, is not a folder of the repository."),
        ('{"root": "public; } evil {"}', "In static.json, root must be a path within the repository"),
        ('{"routes": {"/x": "y"}}', "In static.json, routes must be an object with the one pattern"),
        ('{"root": "docs", "clean_urls": "yes"}', "In static.json, clean_urls must be true or false."),
    ],
)
def test_a_wrong_static_json_fails_with_the_reason(box: BuildBox, text: str, says: str) -> None:
    box.push("static_site", {"static.json": text})

    built = box.build("static")

    assert built.code == 1
    assert f" !     Error: {says}" in built.output


def test_odd_file_names_do_no_harm(box: BuildBox) -> None:
    box.push("static_site", {'a "b" \\ $uri {c}.txt': "odd", "two words/ü.txt": "fine"})
    box.build("static")

    assert box.serve("static", path="/a%20%22b%22%20%5C%20%24uri%20%7Bc%7D.txt").endswith("odd")
    assert 'ETag: W/"' in box.serve("static", path="/two%20words/%C3%BC.txt")
