"""A local certificate authority, so that HTTPS works from the first start: for the domain, its subdomains and localhost only."""

from __future__ import annotations

import datetime as dt
import fcntl
import ipaddress
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CA_DAYS = 3650
# Apple's rules for certificates of any authority: at most 825 days.
_SERVER_DAYS = 397
_RENEW_BEFORE = dt.timedelta(days=30)


def ensure(tls_dir: Path, domain: str, hosts: Iterable[str] = (), *, now: dt.datetime | None = None) -> Path:
    """The file with the server's key and certificates (PEM), made or renewed where needed. Idempotent.

    It covers the domain, localhost, a wildcard below each, 127.0.0.1, and those of `hosts` that stand below a domain of a single
    label: OpenSSL and browsers take `*.example.com` but never `*.localhost`, which to them is like `*.com`.

    Beside it are `ca.pem`, which browsers and tools can be told to trust, and its key. The authority is name-constrained
    (RFC 5280 section 4.2.1.10): whoever steals its key can't speak for any other site.
    """
    tls_dir.mkdir(parents=True, exist_ok=True, mode=0o755)
    with _locked(tls_dir):
        return _ensure(tls_dir, domain, _names(domain, hosts), now or dt.datetime.now(dt.UTC))


def sha1_fingerprint(pem: str) -> str:
    """Of the first certificate, in upper-case hexadecimal digits, as OpenSSL's tools name certificates."""
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303  (a name)


def _ensure(tls_dir: Path, domain: str, names: list[x509.GeneralName], now: dt.datetime) -> Path:
    authority = _load(tls_dir / "ca.pem", tls_dir / "ca.key")
    if authority is None or _expires(authority[1], now) or not _may_sign_for(authority[1], domain):
        authority = _make_authority(domain, now)
        key, certificate = authority
        # Key first: a certificate without its key would be taken for a whole authority only to be made anew.
        _write(tls_dir / "ca.key", _key_pem(key), 0o600)
        _write(tls_dir / "ca.pem", _certificate_pem(certificate), 0o644)
    bundle = tls_dir / "server.pem"
    server = _load(bundle, bundle)
    if server is None or _expires(server[1], now) or not _is_for(server[1], names, authority[1]):
        key, certificate = _make_server(domain, names, *authority, now)
        content = _certificate_pem(certificate) + _certificate_pem(authority[1]) + _key_pem(key)
        _write(bundle, content, 0o600)
    return bundle


def _make_authority(domain: str, now: dt.datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"PaaS local CA for {domain}"[:64])])
    allowed = [*(x509.DNSName(n) for n in _roots(domain)), x509.IPAddress(ipaddress.ip_network("127.0.0.0/8"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=_CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=allowed, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _make_server(
    domain: str,
    names: list[x509.GeneralName],
    ca_key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    now: dt.datetime,
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    authority_key_id = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, domain[:64])]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=_SERVER_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_key_id), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return key, certificate


def _roots(domain: str) -> list[str]:
    return sorted({domain, "localhost"})


def _names(domain: str, hosts: Iterable[str]) -> list[x509.GeneralName]:
    below = [f".{root}" for root in _roots(domain) if "." not in root]
    covered = [name for root in _roots(domain) for name in (root, f"*.{root}")]
    covered += sorted(host for host in set(hosts) if host.endswith(tuple(below)) and host not in covered)
    return [*(x509.DNSName(host) for host in covered), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _expires(certificate: x509.Certificate, now: dt.datetime) -> bool:
    return certificate.not_valid_after_utc - now < _RENEW_BEFORE


def _may_sign_for(ca: x509.Certificate, domain: str) -> bool:
    allowed = ca.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    return set(_roots(domain)) <= {name.value for name in allowed if isinstance(name, x509.DNSName)}


def _is_for(certificate: x509.Certificate, names: list[x509.GeneralName], ca: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except Exception:  # noqa: BLE001  (InvalidSignature, ValueError, TypeError: not issued by it, whatever the reason)
        return False
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value) == names


def _load(certificate: Path, key: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None:
    """The key and the first certificate, or None if they are missing, broken, or don't belong together."""
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != loaded.public_key():
        return None
    return private, loaded


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Atomically, and never readable by others for even a moment."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time: two would sign with two authorities."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
