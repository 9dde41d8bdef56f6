"""Reads static.json, chooses the root, writes the layer: nginx.conf, entity tags, and the program that starts nginx.

Plain standard library without `site`, run as `python3 -I -S site.py LAYERS`: it starts in 10 ms.
"""

import hashlib
import json
import os
import shutil
import sys

ROOTS = (".", "public", "dist", "build", "_site")  # the first with an index.html
KNOWN = {"root", "clean_urls", "routes", "error_page"}
MAX_KEY = 1000  # bytes of a path that nginx's map is asked to hold


def main(layers: str) -> None:
    step("Static site detected")
    wanted = read_settings()
    root = choose_root(wanted)
    fallback = wanted.get("routes", {}).get("/**")
    tags = list(entity_tags(root, wanted.get("clean_urls", False)))
    step(f"Serving {'the repository' if root == '.' else root + '/'} with nginx")

    layer = os.path.join(layers, "nginx")
    shutil.rmtree(layer, ignore_errors=True)
    os.makedirs(os.path.join(layer, "bin"))
    shutil.copy(os.path.join(os.path.dirname(__file__), "..", "bin", "serve"), os.path.join(layer, "bin", "serve"))
    write(os.path.join(layer, "etags.map"), "".join(f"{quoted(path)} 'W/\"{tag}\"';\n" for path, tag in tags))
    write(os.path.join(layer, "nginx.conf"), nginx_conf(layer, root, wanted, fallback, len(tags)))
    write(layer + ".toml", "[types]\nlaunch = true\n")
    write(
        os.path.join(layers, "launch.toml"),
        f'[[processes]]\ntype = "web"\ncommand = ["{layer}/bin/serve"]\ndefault = true\n',
    )


def read_settings() -> dict:
    """static.json, checked: what is wrong in it would otherwise be found out by visitors."""
    if not os.path.exists("static.json"):
        return {}
    try:
        with open("static.json", encoding="utf-8-sig") as file:
            wanted = json.load(file)
    except ValueError as error:
        fail(f"static.json is not valid JSON: {error}.")
    if not isinstance(wanted, dict):
        fail("static.json must hold an object, such as {\"root\": \"public\"}.")
    for name, value in wanted.items():
        if name == "clean_urls":
            check(isinstance(value, bool), name, "true or false")
        elif name in ("root", "error_page"):
            check(is_path(value), name, "a path within the repository, of letters, digits and . _ / -")
        elif name == "routes":
            whole = isinstance(value, dict) and set(value) == {"/**"} and is_path(value["/**"])
            check(whole, name, 'an object with the one pattern "/**", such as {"/**": "index.html"}')
    unknown = sorted(set(wanted) - KNOWN)
    if unknown:
        warn(f"Warning: static.json sets {', '.join(unknown)}, which has no effect here.")
    return wanted


def choose_root(wanted: dict) -> str:
    if "root" in wanted:
        root = wanted["root"].strip("/") or "."
        if not os.path.isdir(root):
            fail(f"The root of static.json, {root}, is not a folder of the repository.")
        return root
    for root in ROOTS:
        if os.path.isfile(os.path.join(root, "index.html")):
            return root
    fail("There is no index.html, and static.json names no root.")
    raise AssertionError


def entity_tags(root: str, clean_urls: bool):
    """(path of the URL, hash of the file). nginx makes its own from times, and files in images have none that mean anything."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") or name == ".well-known")
        prefix = folder[len(root):].lstrip("/")
        for name in sorted(files):
            file = os.path.join(folder, name)
            path = "/" + os.path.join(prefix, name)
            if len(os.fsencode(path)) > MAX_KEY or not path.isprintable() or not os.path.isfile(file):
                continue
            with open(file, "rb") as content:
                tag = hashlib.file_digest(content, "sha256").hexdigest()[:20]
            yield path, tag
            if clean_urls and path.endswith(".html"):
                yield path[:-len(".html")], tag


def nginx_conf(layer: str, root: str, wanted: dict, fallback: str | None, tags: int) -> str:
    app = os.getcwd()
    tries = ["$uri", "$uri/"] + (["$uri.html"] if wanted.get("clean_urls") else [])
    tries.append(f"/{fallback.lstrip('/')}" if fallback else "=404")
    error_page = wanted.get("error_page", "404.html").lstrip("/")
    has_error_page = os.path.isfile(os.path.join(root, error_page))
    return f"""\
daemon off;
worker_processes 1;
pid /tmp/nginx/nginx.pid;
error_log /dev/stderr warn;
events {{ worker_connections 1024; }}
http {{
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  charset utf-8;
  access_log off;  # the router logs each request
  server_tokens off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path /tmp/nginx/body;
  proxy_temp_path /tmp/nginx/proxy;
  fastcgi_temp_path /tmp/nginx/fastcgi;
  uwsgi_temp_path /tmp/nginx/uwsgi;
  scgi_temp_path /tmp/nginx/scgi;

  gzip on;
  gzip_vary on;
  gzip_proxied any;  # every request comes through the router
  gzip_min_length 1000;
  gzip_types text/css text/plain text/xml application/javascript application/json application/xml
             application/manifest+json application/wasm image/svg+xml font/ttf font/otf;

  map_hash_bucket_size 1024;
  map_hash_max_size {max(2048, 4 * tags)};

  # A file whose name holds a hash of its content never changes; all others are asked for again each time, by their tag.
  # (Volatile, all three: a request may go on at another path, such as the start page's.)
  map $uri $cache_control {{
    volatile;
    default "no-cache";
    "~[.-][0-9a-f]{{8,}}\\.[a-z0-9]+$" "public, max-age=31536000, immutable";
  }}
  map $uri $entity_tag {{
    volatile;
    include {layer}/etags.map;
  }}
  # Sent by the browser, and still right?
  map "$entity_tag $http_if_none_match" $is_known {{
    volatile;
    '~^(W/"[0-9a-f]+") \\1$' 1;
  }}

  server {{
    listen @PORT@;
    root {app if root == "." else os.path.join(app, root)};
    absolute_redirect off;
    etag off;
    if_modified_since off;
    add_header ETag $entity_tag;
    add_header Last-Modified "";
    add_header Cache-Control $cache_control;
    add_header X-Content-Type-Options nosniff always;
    error_page 403 =404 {f"/{error_page}" if has_error_page else "@missing"};
    {f"error_page 404 /{error_page};" if has_error_page else "location @missing { return 404; }"}

    # What belongs to the repository and not to the site.
    location ~ "/\\.(?!well-known/)" {{ return 404; }}
    {"location ~ ^/(Procfile|static.json|app.json|project.toml)$ { return 404; }" if root == "." else ""}

    location / {{
      if ($is_known) {{ return 304; }}
      try_files {" ".join(tries)};
    }}
  }}
}}
"""


def is_path(value: object) -> bool:
    allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-"
    return isinstance(value, str) and value != "" and not set(value) - set(allowed) and ".." not in value.split("/")


def quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def step(text: str) -> None:
    print(f"-----> {text}")


def warn(*lines: str) -> None:
    print("\n" + "".join(f" !     {line}\n" for line in lines))


def check(holds: bool, name: str, rule: str) -> None:
    if not holds:
        fail(f"In static.json, {name} must be {rule}.")


def fail(what: str) -> None:
    warn(f"Error: {what}", "", "Mend it, commit it and push again.")
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
