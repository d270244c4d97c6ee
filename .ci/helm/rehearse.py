"""The sidecar as a process: what the chart renders for it is started beside an application, asked as a kubelet asks, and
ended in a kubelet's order. The clusters do not answer, so klink works and is not ready: the application must start all
the same."""
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time

from charts import LAST, Sandbox, documents, example_app, kinds, template

APPLICATION = """
import signal, sys, time
def end(*_):
    time.sleep(1.0)  # what an application does in its last seconds
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("started", flush=True)
signal.pause()
"""


class Broken(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def rendered(form, port):
    """The sidecar as it is rendered for clusters that nobody serves, listening on a free port."""
    dead = json.dumps("127.0.0.1:1"), json.dumps("127.0.0.1:2")
    sets = [f'klink.form="{form}"', f'klink.config.agent={{"http": {{"listen": "127.0.0.1:{port}"}}}}']
    sets += [f"klink.config.clusters.{name}.bootstrap\\.servers={address}" for name, address in zip(("paris", "lyon"), dead)]
    with tempfile.TemporaryDirectory() as folder:
        docs = documents(template(example_app(folder), LAST, sets=sets, release="orders").replace("8470", str(port)))
    pod = kinds(docs, "Deployment")[0]["spec"]["template"]["spec"]
    place = "initContainers" if form == "native" else "containers"
    found = [container for container in pod.get(place, []) if container["name"] == "klink"]
    if len(found) != 1:
        raise Broken(f"the {form} form has no klink among the {place}")
    if (found[0].get("restartPolicy") == "Always") != (form == "native"):
        raise Broken(f"restartPolicy of the {form} form is {found[0].get('restartPolicy')}")
    return docs, pod, found[0]


class Pod:
    """Two processes, and what a kubelet does with them."""

    def __init__(self, form):
        self.form = form
        docs, self.spec, self.container = rendered(form, free_port())
        self.sandbox = Sandbox(docs, self.spec, self.container)
        self.environment = self.sandbox.environment(self.container)
        self.log = open(self.sandbox.folder / "log", "w")
        self.klink = self.application = None
        self.events = []

    def start(self):
        self.klink = subprocess.Popen(self.sandbox.command(self.container), env=self.environment, stderr=self.log,
                                      stdout=self.log, cwd=self.sandbox.folder)
        if self.form == "classic":
            self.start_application()
        probe = self.container["startupProbe"]
        until = time.monotonic() + probe["periodSeconds"] * probe["failureThreshold"]
        while self.ask(probe["exec"]["command"]) != 0:
            if self.klink.poll() is not None or time.monotonic() > until:
                raise Broken(f"the startup probe never passed: {self.said()}")
            time.sleep(0.1)
        self.events.append("klink works")
        if self.form == "native":
            self.start_application()

    def start_application(self):
        self.application = subprocess.Popen([sys.executable, "-c", APPLICATION], stdout=subprocess.PIPE, text=True)
        if self.application.stdout.readline() != "started\n":
            raise Broken("the application did not start")
        self.events.append("the application runs")

    def ask(self, command):
        words = [word for word in command]
        return subprocess.run(self.sandbox.command({"command": words}), env=self.environment, capture_output=True).returncode

    def expect(self, code, command, what):
        found = self.ask(command)
        if found != code:
            raise Broken(f"{what}: `{' '.join(command)}` ended with {found}, not {code}: {self.said()}")

    def probes(self):
        for _ in range(3):
            self.expect(0, self.container["livenessProbe"]["exec"]["command"], "clusters that do not answer are no reason to start klink again")
        self.expect(2, ["/usr/bin/klink", "check", "--ready"], "no cluster has answered yet")

    # The native form: the application is told, and only when it has ended the sidecar. The classic one: both at once.
    def end(self):
        grace = self.spec["terminationGracePeriodSeconds"]
        began = time.monotonic()
        self.application.send_signal(signal.SIGTERM)
        if self.form == "classic":
            self.klink.send_signal(signal.SIGTERM)
        else:
            self.expect(0, self.container["livenessProbe"]["exec"]["command"], "klink works while the application ends")
        if self.application.wait(timeout=grace) != 0:
            raise Broken("the application did not end well")
        self.events.append("the application ended")
        if self.form == "native":
            if self.klink.poll() is not None:
                raise Broken("klink ended before the application")
            self.klink.send_signal(signal.SIGTERM)
        left = grace - (time.monotonic() - began)
        code = self.klink.wait(timeout=left)
        if code != 0:
            raise Broken(f"klink ended with {code} on SIGTERM: {self.said()}")
        self.events.append("klink ended")

    # The file system of a container is read-only but for its volumes.
    def only_data_was_written(self, before):
        added = {str(path) for path in self.sandbox.folder.rglob("*")} - before
        astray = [path for path in added if "/var/lib/klink" not in path]
        if astray:
            raise Broken(f"written outside of the data directory: {astray}")
        if not any("/var/lib/klink/" in path for path in added):
            raise Broken("nothing was written to the data directory")

    def said(self):
        self.log.flush()
        return (self.sandbox.folder / "log").read_text()[-2000:]

    def remove(self):
        for process in (self.klink, self.application):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        self.log.close()
        self.sandbox.remove()


def rehearse(form):
    pod = Pod(form)
    try:
        before = {str(path) for path in pod.sandbox.folder.rglob("*")}
        pod.start()
        pod.probes()
        pod.end()
        pod.only_data_was_written(before)
        wanted = ["klink works", "the application runs", "the application ended", "klink ended"]
        if form == "native" and pod.events != wanted:
            raise Broken(f"the order was {pod.events}")
    finally:
        pod.remove()
