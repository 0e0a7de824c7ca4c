# SPDX-License-Identifier: MIT
"""Another host with the same tree and mail store: an installation and a configuration of its own."""

import pathlib
import shutil
import tempfile

import pigeon_site


class SecondHost:
    """REQUIRES: use as a context manager. One installation, for any number of sites."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="pigeon-host."))
        self.root.chmod(0o755)

    def __enter__(self):
        self.prefix = self.root / "prefix"
        shutil.copytree(pigeon_site.PREFIX, self.prefix, symlinks=True)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def command(self, site, recipient, queue_id):
        """As the site's own command, by this installation and by a configuration of its own."""
        ours, theirs = str(self.prefix), str(pigeon_site.PREFIX)
        configuration = site.root / "second.json"
        if not configuration.exists():
            configuration.write_text(site.configuration.read_text().replace(theirs, ours))
            configuration.chmod(0o644)
        trust = ["--trust", ours] if pigeon_site.TRUST else []
        deliver = pigeon_site.DELIVER.relative_to(pigeon_site.PREFIX)
        return [str(self.prefix / deliver), "-c", str(configuration), *trust, "-d", recipient,
                "-f", "bob@example.org", "--queue-id", queue_id]  # fmt: skip
