"""Reads static.json, chooses the root, writes the layer: nginx.conf, entity tags, and the program that starts nginx.

Plain standard library without `site`, run as `python3 -I -S site.py LAYERS`: it starts in 15 ms.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

BUILDPACK = Path(__file__).parent.parent
ROOTS = (".", "public", "dist", "build", "_site")  # the first with an index.html
SETTINGS = ("root", "clean_urls", "routes", "error_page")
MAX_KEY = 1000  # bytes of a path that nginx's map is asked to hold
_PATH = re.compile(r"[A-Za-z0-9._/-]+")


def main(layers: Path) -> None:
    """Builds the site in the current folder."""
    step("Static site detected")
    settings = read_settings()
    root = choose_root(settings)
    tags = list(entity_tags(root, clean_urls=settings.get("clean_urls", False)))
    step(f"Serving {'the repository' if root == Path() else f'{root}/'} with nginx")

    layer = layers / "nginx"
    shutil.rmtree(layer, ignore_errors=True)
    (layer / "bin").mkdir(parents=True)
    shutil.copy(BUILDPACK / "bin" / "serve", layer / "bin" / "serve")
    write(layer / "etags.map", "".join(f"{quoted(path)} 'W/\"{tag}\"';\n" for path, tag in tags))
    write(layer / "nginx.conf", nginx_conf(layer, root, settings, len(tags)))
    write(layers / "nginx.toml", "[types]\nlaunch = true\n")
    write(
        layers / "launch.toml",
        f'[[processes]]\ntype = "web"\ncommand = ["{layer}/bin/serve"]\ndefault = true\n',
    )


def read_settings() -> Mapping[str, Any]:
    """static.json, checked: what is wrong in it would otherwise be found out by visitors."""
    file = Path("static.json")
    if not file.exists():
        return {}
    try:
        settings = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        fail(f"static.json is not valid JSON: {error}.")
    if not isinstance(settings, dict):
        fail('static.json must hold an object, such as {"root": "public"}.')
    for name, value in settings.items():
        if name == "clean_urls":
            check(isinstance(value, bool), name, "true or false")
        elif name in ("root", "error_page"):
            check(is_path(value), name, "a path within the repository, of letters, digits and . _ / -")
        elif name == "routes":
            is_whole = isinstance(value, dict) and set(value) == {"/**"} and is_path(value["/**"])
            check(is_whole, name, 'an object with the one pattern "/**", such as {"/**": "index.html"}')
        else:
            warn(f"Warning: {name[:80]!r} in static.json has no effect here; {', '.join(SETTINGS)} have.")
    return settings


def choose_root(settings: Mapping[str, Any]) -> Path:
    """The folder to serve, relative to the current one."""
    if "root" in settings:
        root = Path(settings["root"].strip("/"))
        if not root.is_dir():
            fail(f"The root of static.json, {root}, is not a folder of the repository.")
        return root
    found = next((name for name in ROOTS if Path(name, "index.html").is_file()), None)
    return Path(found) if found else fail("There is no index.html, and static.json names no root.")


def entity_tags(root: Path, *, clean_urls: bool) -> Iterator[tuple[str, str]]:
    """(path of the URL, hash of the content) of each file."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") or name == ".well-known")
        for name in sorted(files):
            file = Path(folder, name)
            path = f"/{file.relative_to(root)}"
            if len(os.fsencode(path)) > MAX_KEY or not path.isprintable() or not file.is_file():
                continue  # served without a tag
            with file.open("rb") as content:
                tag = hashlib.file_digest(content, "sha256").hexdigest()[:20]
            yield path, tag
            if clean_urls and path.endswith(".html"):
                yield path.removesuffix(".html"), tag


def nginx_conf(layer: Path, root: Path, settings: Mapping[str, Any], tags: int) -> str:
    """nginx.conf but for the port. All that is filled in is a number, a path of ours, or was checked by `is_path`."""
    fallback = f"/{settings['routes']['/**'].lstrip('/')}" if "routes" in settings else "=404"
    values = {
        "MAP_SIZE": str(max(2048, 4 * tags)),
        "LAYER": str(layer),
        "ROOT": str(Path.cwd() / root),
        "ERROR_PAGE": settings.get("error_page", "404.html").lstrip("/"),
        "PRIVATE": r"(Procfile|static\.json|app\.json|project\.toml)" if root == Path() else "static.json",
        "FALLBACK": f"$uri.html {fallback}" if settings.get("clean_urls") else fallback,
    }
    text = (BUILDPACK / "lib" / "nginx.conf").read_text()
    return re.sub("@([A-Z_]+)@", lambda match: values.get(match[1], match[0]), text)


def is_path(value: object) -> bool:
    """Whether it can stand in nginx.conf as it is, and stays within the repository."""
    return isinstance(value, str) and bool(_PATH.fullmatch(value)) and ".." not in value.split("/")


def quoted(path: str) -> str:
    """As a string of nginx.conf."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def write(path: Path, text: str) -> None:
    """Names of files may be any bytes."""
    path.write_text(text, encoding="utf-8", errors="surrogateescape")


def step(text: str) -> None:
    """A line of the build log."""
    print(f"-----> {text}")


def warn(*lines: str) -> None:
    """A block that nobody overlooks."""
    print("\n" + "".join(f" !     {line}\n" for line in lines))


def check(holds: bool, name: str, rule: str) -> None:
    """Fails unless the setting keeps its rule."""
    if not holds:
        fail(f"In static.json, {name} must be {rule}.")


def fail(what: str) -> NoReturn:
    """Ends the build."""
    warn(f"Error: {what}", "", "Mend it, commit it and push again.")
    sys.exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
