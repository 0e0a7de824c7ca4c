# SPDX-License-Identifier: MIT
"""Hosts on one machine: each with a network of its own, on a bridge, of which it can be cut off. Needs root."""

import itertools
import os
import subprocess
import unittest

_numbers = itertools.count()


def need():
    if os.geteuid() != 0:
        raise unittest.SkipTest("networks of one's own need root")
    if subprocess.run(["ip", "netns", "list"], capture_output=True, check=False).returncode != 0:
        raise unittest.SkipTest("this machine has no networks of one's own")


def _ip(*arguments, check=True):
    subprocess.run(["ip", *arguments], capture_output=True, check=check, timeout=30)


class Host:
    """prefix: what stands before a command that is to run on it."""

    def __init__(self, network, number):
        self.name = f"{network.name}-{number}"
        self.address = f"{network.subnet}.{number}"
        self.prefix = ("ip", "netns", "exec", self.name)
        self._cable = f"{network.name}v{number}"
        _ip("netns", "add", self.name)
        _ip("link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _ip("link", "set", self._cable, "master", network.name, "up")
        for command in (["addr", "add", f"{self.address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
                        ["link", "set", "lo", "up"]):
            _ip("-n", self.name, *command)

    def cut_off(self):
        _ip("link", "set", self._cable, "down")

    def connect_again(self):
        _ip("link", "set", self._cable, "up")

    def remove(self):
        _ip("netns", "del", self.name, check=False)


class Network:
    """REQUIRES: use as a context manager. address: that of this machine itself on the bridge."""

    def __init__(self, size):
        need()
        number = next(_numbers)
        self.name = f"pg{os.getpid()}{'abcdefgh'[number % 8]}"
        # Several run at once: by other processes, and in this one.
        self.subnet = f"10.{200 + (os.getpid() + number) % 50}.{os.getpid() // 50 % 256}"
        self.address = f"{self.subnet}.254"
        self.hosts = []
        try:
            _ip("link", "add", self.name, "type", "bridge")
            _ip("addr", "add", f"{self.address}/24", "dev", self.name)
            _ip("link", "set", self.name, "up")
            for each in range(1, size + 1):
                self.hosts.append(Host(self, each))
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for host in self.hosts:
            host.remove()
        _ip("link", "del", self.name, check=False)
