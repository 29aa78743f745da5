"""A time-stamp authority of the tests' own: `openssl ts` behind HTTP on loopback, under its own root."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support.programs import missing

CONFIG = """
[tsa]
dir = .
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.13762.3
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""
_OPENSSL = ("openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa")
Key = ec.EllipticCurvePrivateKey


class Authority:
    """Signs requests; `root` is the certificate (PEM) of who vouches for it. `answers` counts, `broken` makes
    it answer nonsense."""

    def __init__(self, folder: Path, name: str) -> None:
        if shutil.which("openssl") is None:
            missing("openssl", "openssl is not installed; `apt-get install openssl` brings it.")
        self._folder = folder
        folder.mkdir(parents=True)
        root_key, root = _certificate(f"{name} root", None)
        tsa_key, tsa = _certificate(name, (root_key, root))
        self.root = root.public_bytes(serialization.Encoding.PEM)
        (folder / "root.pem").write_bytes(self.root)
        (folder / "tsa.pem").write_bytes(tsa.public_bytes(serialization.Encoding.PEM))
        (folder / "tsa.key").write_bytes(
            tsa_key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG)
        self.answers = 0
        self.broken = False

    def reply(self, query: bytes) -> bytes:
        """The TimeStampResp to a TimeStampReq."""
        self.answers += 1
        if self.broken:
            return b"nonsense"
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".tsq") as file:
            file.write(query)
            file.flush()
            out = Path(file.name).with_suffix(".tsr")
            subprocess.run(
                [*_OPENSSL, "-queryfile", file.name, "-out", str(out)],
                cwd=self._folder,
                check=True,
                capture_output=True,
            )
            return out.read_bytes()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Its address, while it answers there."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/timestamp-query"
                body = authority.reply(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            server.server_close()


def _certificate(name: str, issuer: tuple[Key, x509.Certificate] | None) -> tuple[Key, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing_key, above = (key, subject) if issuer is None else (issuer[0], issuer[1].subject)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
    )
    if issuer is not None:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return key, builder.sign(signing_key, hashes.SHA256())
