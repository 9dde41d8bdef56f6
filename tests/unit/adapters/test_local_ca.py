"""The local certificate authority: what it signs for, when it signs anew, what it keeps to itself."""

from __future__ import annotations

import datetime as dt
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from paas.adapters import local_ca


def server_certificate(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())


def is_trusted(folder: Path, host: str) -> bool:
    """As OpenSSL sees it, with the authority's certificate and nothing else."""
    argv = ["openssl", "verify", "-CAfile", str(folder / "ca.pem")]
    argv += ["-verify_ip" if host[0].isdigit() else "-verify_hostname", host, str(folder / "server.pem")]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("host", ["paas.example", "shop.paas.example", "localhost", "127.0.0.1"])
def test_it_covers_the_domain_its_subdomains_and_localhost(tmp_path: Path, host: str) -> None:
    local_ca.ensure(tmp_path, "paas.example")

    assert is_trusted(tmp_path, host)


def test_names_below_localhost_are_spelled_out(tmp_path: Path) -> None:
    local_ca.ensure(tmp_path, "localhost", ["api.localhost", "shop.localhost", "shop.example.com"])

    assert is_trusted(tmp_path, "api.localhost")
    assert is_trusted(tmp_path, "shop.localhost")
    assert not is_trusted(tmp_path, "shop.example.com")


def test_its_authority_ends_at_the_domain(tmp_path: Path) -> None:
    local_ca.ensure(tmp_path, "paas.example")
    ca = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())

    constraints = ca.extensions.get_extension_for_class(x509.NameConstraints)

    assert constraints.critical
    names = [name.value for name in constraints.value.permitted_subtrees or [] if isinstance(name, x509.DNSName)]
    assert names == ["localhost", "paas.example"]


def test_a_second_call_changes_nothing(tmp_path: Path) -> None:
    local_ca.ensure(tmp_path, "localhost", ["a.localhost", "b.localhost"])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    local_ca.ensure(tmp_path, "localhost", ["b.localhost", "a.localhost"])

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_new_host_gets_a_new_certificate_from_the_same_authority(tmp_path: Path) -> None:
    local_ca.ensure(tmp_path, "localhost")
    authority = (tmp_path / "ca.pem").read_bytes()

    local_ca.ensure(tmp_path, "localhost", ["new.localhost"])

    assert (tmp_path / "ca.pem").read_bytes() == authority
    assert is_trusted(tmp_path, "new.localhost")


def test_another_domain_needs_another_authority(tmp_path: Path) -> None:
    local_ca.ensure(tmp_path, "localhost")
    local_ca.ensure(tmp_path, "paas.example")

    assert is_trusted(tmp_path, "shop.paas.example")


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    local_ca.ensure(tmp_path, "localhost")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.*")}
    assert modes["ca.key"] == modes["server.pem"] == 0o600
    assert modes["ca.pem"] == 0o644


def test_it_is_renewed_a_month_before_it_ends(tmp_path: Path) -> None:
    local_ca.ensure(tmp_path, "localhost")
    first = server_certificate(tmp_path)

    local_ca.ensure(tmp_path, "localhost", now=first.not_valid_after_utc - dt.timedelta(days=31))
    assert server_certificate(tmp_path) == first

    local_ca.ensure(tmp_path, "localhost", now=first.not_valid_after_utc - dt.timedelta(days=29))
    assert server_certificate(tmp_path).not_valid_after_utc > first.not_valid_after_utc


@pytest.mark.parametrize("lost", ["ca.key", "ca.pem", "server.pem"])
@pytest.mark.parametrize("how", ["missing", "broken"])
def test_what_was_lost_is_made_again(tmp_path: Path, lost: str, how: str) -> None:
    local_ca.ensure(tmp_path, "localhost")
    if how == "missing":
        (tmp_path / lost).unlink()
    else:
        (tmp_path / lost).write_text("-----BEGIN nothing-----\n")

    local_ca.ensure(tmp_path, "localhost")

    assert is_trusted(tmp_path, "localhost")
