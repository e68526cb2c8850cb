"""Real databases for tests: SQLite files, and a PostgreSQL cluster of our own on a private port, run by somebody who is
not root, removed afterwards. A test gets a fresh copy of a migrated database; nothing is ever switched off to reset."""

import contextlib
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from django.core.management import call_command
from django.db import connections

from tenure_app.environment import database

NUMBERS = itertools.count(1)


def postgres_binaries():
    """The folder of initdb and postgres, None where there is no server."""
    if found := shutil.which("postgres"):
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)
    return installed[0].parent if installed else None


def somebody():
    """The user who runs the server: the server refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Cluster:
    """A PostgreSQL server in a folder of its own; `durable`: what is committed is on the disk, as tests need not wait
    for."""

    def __init__(self, binaries, *, durable=False):
        self.binaries, self.user, self.port = binaries, somebody(), free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="tenure-pg-"))
        if self.user:
            shutil.chown(self.folder, self.user)
        self.run("initdb", "--pgdata", self.folder / "data", "--username=tenure", "--auth=trust", "--encoding=UTF8",
                 "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
            f" -c fsync={'on' if durable else 'off'} -c max_connections=40 -c shared_buffers=64MB"
        )
        where = ("--pgdata", self.folder / "data", "--log", self.folder / "log")
        self.run("pg_ctl", "start", "--wait", *where, "--options", options)

    def run(self, name, *words):
        command = [str(self.binaries / name), *(str(word) for word in words)]
        if self.user:
            command = ["runuser", "-u", self.user, "--", *command]
        told = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)
        assert told.returncode == 0, f"{command}: {told.stdout}{told.stderr}"

    def url(self, name):
        return f"postgres://tenure@127.0.0.1:{self.port}/{name}"

    def do(self, statement):
        import psycopg

        with psycopg.connect(f"host=127.0.0.1 port={self.port} user=tenure dbname=postgres", autocommit=True) as one:
            one.execute(statement)

    def stop(self):
        with contextlib.suppress(AssertionError):
            self.run("pg_ctl", "stop", "--pgdata", self.folder / "data", "--mode", "immediate")
        for _ in range(50):
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                return
            time.sleep(0.1)


def use(url):
    """Point Django's only connection at another database, in this thread."""
    connections["default"].close()
    # what the handler adds to what settings say
    connections.settings["default"] = connections.configure_settings({"default": database(url)})["default"]
    del connections["default"]


class SqliteDatabases:
    """Fresh copies of one migrated file."""

    vendor = "sqlite"

    def __init__(self, folder):
        self.folder = folder
        self.template = folder / "template.sqlite3"
        use(f"sqlite:///{self.template}")
        call_command("migrate", verbosity=0)
        with connections["default"].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connections["default"].close()

    def fresh(self):
        file = self.folder / f"ledger-{next(NUMBERS)}.sqlite3"
        shutil.copy(self.template, file)
        return f"sqlite:///{file}"

    def drop(self, url):
        for file in self.folder.glob(Path(url.removeprefix("sqlite:///")).name + "*"):
            file.unlink()


class PostgresDatabases:
    """Fresh copies of one migrated database of the cluster."""

    vendor = "postgresql"

    def __init__(self, cluster):
        self.cluster = cluster
        cluster.do("CREATE DATABASE template")
        use(cluster.url("template"))
        call_command("migrate", verbosity=0)
        connections["default"].close()

    def fresh(self):
        name = f"ledger_{next(NUMBERS)}"
        self.cluster.do(f"CREATE DATABASE {name} TEMPLATE template")
        return self.cluster.url(name)

    def drop(self, url):
        self.cluster.do(f"DROP DATABASE {url.rsplit('/', 1)[1]} WITH (FORCE)")
