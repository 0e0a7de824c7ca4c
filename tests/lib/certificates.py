# SPDX-License-Identifier: MIT
"""A certificate authority of the tests' own, and what it signs."""

import dataclasses
import pathlib
import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


@dataclasses.dataclass
class Certificate:
    ca: pathlib.Path
    certificate: pathlib.Path
    key: pathlib.Path


class Authority:
    def __init__(self, directory, name="ca"):
        self.directory = pathlib.Path(directory)
        self.certificate, self.key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        self.run("req", "-x509", *KEY, "-days", "30", "-subj", f"/CN=test authority {name}", "-keyout", self.key,
                 "-out", self.certificate, "-addext", "basicConstraints=critical,CA:TRUE")
        self.certificate.chmod(0o644)

    def run(self, *command):
        done = subprocess.run(["openssl", *map(str, command)], capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    def sign(self, name, hosts="DNS:localhost,IP:127.0.0.1", days=30):
        """A certificate for these hosts. With days=0 it is out of date at once."""
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        made = Certificate(self.certificate, self.directory / f"{name}.pem", self.directory / f"{name}.key")
        self.run("req", *KEY, "-subj", f"/CN={name}", "-keyout", made.key, "-out", request)
        extensions.write_text(f"subjectAltName={hosts}\n")
        self.run("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                 "-days", days, "-extfile", extensions, "-out", made.certificate)
        # The server is an ordinary user.
        for file in (made.certificate, made.key):
            file.chmod(0o644)
        return made
