from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from paas.entrypoints.operator import vendor

LOCK = Path(__file__).resolve().parents[4] / "web" / "package-lock.json"


def archive(*members: tuple[str, bytes | str]) -> bytes:
    """An npm package: text is the target of a link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def test_every_package_of_the_lock_file_is_pinned_by_its_hash() -> None:
    packages = list(vendor.locked_packages(json.loads(LOCK.read_text())))

    assert "htmx.org" in [name for name, _, _ in packages]
    assert all(integrity.startswith("sha512-") for _, _, integrity in packages)


def test_a_package_lands_as_in_node_modules(tmp_path: Path) -> None:
    vendor.unpack(archive(("package/dist/a.js", b"a"), ("package/package.json", b"{}")), tmp_path / "a")

    assert (tmp_path / "a" / "dist" / "a.js").read_bytes() == b"a"


def test_links_and_paths_that_lead_out_are_left_out(tmp_path: Path) -> None:
    evil = archive(
        ("package/../../out.js", b"x"), ("package/link", "/etc/passwd"), ("/package/ok.js", b"x"), ("alone", b"x")
    )

    vendor.unpack(evil, tmp_path / "a")

    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()] == ["a/package/ok.js"]


def test_other_content_than_was_pinned_is_noticed() -> None:
    integrity = (
        "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="  # of nothing
    )

    assert vendor.fits(b"", integrity)
    assert not vendor.fits(b"x", integrity)
    assert not vendor.fits(b"", integrity.replace("sha512", "sha1"))
