# SPDX-License-Identifier: MIT
"""A cluster of three MariaDB servers by Galera, each with a network of its own, of which it can be cut off.

Needs root, for the networks. What joins copies everything from another node, by rsync.
"""

import contextlib
import os
import pathlib
import time
import unittest

import mariadb
import network
from view import DEPS

TREE = DEPS / "galera" / "usr"
PROVIDER = next((place for place in (TREE / "lib/galera/libgalera_smm.so", pathlib.Path("/usr/lib/galera/libgalera_smm.so"))
                 if place.is_file()), None)
# A node that is silent for some seconds is out of the cluster. Not for few: on a busy machine two who are there would lose
# each other, and none could write any more.
OPTIONS = ("gmcast.listen_addr=tcp://{address}:4567;evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.3S;"
           "evs.suspect_timeout=PT5S;evs.inactive_timeout=PT8S;evs.install_timeout=PT8S;gcache.size=16M;"
           "pc.recovery=false")


def need():
    mariadb.need()
    if PROVIDER is None or not (TREE / "bin/wsrep_sst_rsync").is_file():
        raise unittest.SkipTest("galera was not fetched: run script/bootstrap --test")
    network.need()


class Node(mariadb.MariaDB):
    def __init__(self, host):
        self.host, self.name, self.address, self.prefix = host, host.name, host.address, host.prefix
        path = f"{TREE}/bin:{os.environ['PATH']}:/usr/sbin"
        libraries = ":".join(str(d) for d in (TREE / "lib/x86_64-linux-gnu", TREE / "lib"))
        self.environment = {**os.environ, "PATH": path, "LD_LIBRARY_PATH": libraries}
        super().__init__(
            "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--wsrep-on=ON", f"--wsrep-provider={PROVIDER}",
            "--wsrep-sst-method=rsync", f"--wsrep-node-address={self.address}", f"--wsrep-node-name={self.name}",
            f"--wsrep-provider-options={OPTIONS.format(address=self.address)}", "--wsrep-slave-threads=2",
            "--innodb-flush-log-at-trx-commit=0", start=False)

    def join(self, addresses):
        """Begins a cluster of its own, or joins these nodes; waits until it has what they have."""
        self.start(f"--wsrep-cluster-address=gcomm://{','.join(addresses)}")
        self.wait_for("wsrep_local_state_comment", "Synced")

    def status(self, name):
        rows = self.sql(f"SHOW STATUS LIKE '{name}'")
        return rows[0][1] if rows else ""

    def wait_for(self, name, value, patience=60):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            with contextlib.suppress(AssertionError, IndexError):
                if self.status(name) == value:
                    return
            time.sleep(0.1)
        raise AssertionError(f"{self.name}: {name} does not become {value}\n{self.log()[-3000:]}")

    def cut_off(self):
        self.host.cut_off()
        self.wait_for("wsrep_ready", "OFF")

    def connect_again(self):
        self.host.connect_again()
        self.wait_for("wsrep_ready", "ON")
        self.wait_for("wsrep_local_state_comment", "Synced")


class Cluster:
    """REQUIRES: use as a context manager."""

    def __init__(self, size=3):
        need()
        self.network = network.Network(size)
        self.nodes = []
        try:
            for host in self.network.hosts:
                self.nodes.append(Node(host))
                self.nodes[-1].join([node.address for node in self.nodes[:-1]])
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.remove()
        self.network.__exit__()

    def start_again(self, node):
        """A node that was killed, once the others have seen that it is gone."""
        for other in self.nodes:
            if other is not node:
                other.wait_for("wsrep_cluster_size", str(len(self.nodes) - 1))
                other.wait_for("wsrep_cluster_status", "Primary")
        node.join([other.address for other in self.nodes if other is not node])
