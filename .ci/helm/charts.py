"""Renders the charts and reads what comes out. No cluster is asked."""
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/klink"
LIBRARY = ROOT / "helm/klink-sidecar"
EXAMPLE = ROOT / "helm/example-app"
HELM = os.environ.get("KLINK_HELM", "helm")
KLINK = os.environ.get("KLINK_BINARY", str(ROOT / "build/dev/klink"))
FIRST = "1.29"  # the Kubernetes versions that every change is checked against
LAST = "1.34"


class Refused(Exception):
    """helm did not render."""


def run(*command, **options):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)


def value_sets():
    return sorted((CHART / "ci").glob("*-values.yaml"))


def template(chart, version, values=(), sets=(), release="dr"):
    """The rendered text."""
    command = [HELM, "template", release, chart, "--namespace", "klink", "--kube-version", f"v{version}.0"]
    for file in values:
        command += ["--values", file]
    for setting in sets:
        command += ["--set-json", setting]
    done = run(*command)
    if done.returncode != 0:
        raise Refused(done.stderr.strip())
    return done.stdout


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def example_app(into):
    """A copy of the example with the library chart beside it, as `helm dependency build` leaves it."""
    for source in (LIBRARY, EXAMPLE):
        shutil.copytree(source, Path(into) / source.name)
    app = Path(into) / EXAMPLE.name
    done = run(HELM, "dependency", "build", app)
    if done.returncode != 0:
        raise Refused(done.stderr.strip())
    return app


def kinds(docs, kind):
    return [document for document in docs if document["kind"] == kind]


def pods(docs):
    """(name of the resource, metadata of the pod, its spec) of everything that makes pods."""
    for document in docs:
        name, spec = f'{document["kind"]} {document["metadata"]["name"]}', document.get("spec", {})
        if document["kind"] == "Pod":
            yield name, document["metadata"], spec
        elif document["kind"] == "CronJob":
            inner = spec["jobTemplate"]["spec"]["template"]
            yield name, inner["metadata"], inner["spec"]
        elif "template" in spec:
            yield name, spec["template"]["metadata"], spec["template"]["spec"]


class Sandbox:
    """The mounts of one container as folders below a temporary one. Paths of the container are rewritten to it."""

    def __init__(self, docs, pod, container, whole_config=None):
        self.folder = Path(tempfile.mkdtemp(prefix="klink-helm-"))
        self.mounts = sorted((m["mountPath"] for m in container["volumeMounts"]), key=len, reverse=True)
        volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
        for mount in container["volumeMounts"]:
            folder = self.folder / mount["mountPath"].lstrip("/")
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in self._content(volumes.get(mount["name"], {}), docs).items():
                (folder / name).write_text(self.rewritten(text))
        self.config = self.folder / "etc/klink/config/klink.yaml"
        if whole_config and not self.config.exists():
            self.config.write_text(self.rewritten(whole_config))
        self._fill_in()

    @staticmethod
    def _content(volume, docs):
        config, secret = volume.get("configMap", {}).get("name"), volume.get("secret", {}).get("secretName")
        for document in docs:
            if document["kind"] == "ConfigMap" and document["metadata"]["name"] == config:
                return document["data"]
            if document["kind"] == "Secret" and document["metadata"]["name"] == secret:
                return document["stringData"]
        return {}

    def rewritten(self, text):
        for mount in self.mounts:
            text = re.sub(rf"(?<![\w/]){re.escape(mount)}(?![\w-])", str(self.folder) + mount, text)
        return text

    def _fill_in(self):
        """What the configuration reads from Secrets that are not the chart's."""
        for path in re.findall(rf"{re.escape(str(self.folder))}[^\s\"'}}:,]*", self.config.read_text()):
            file = Path(path)
            if file.exists() or str(file).endswith("var/lib/klink"):
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("tokens: []\n" if file.name == "tokens.yaml" else "not a real one\n")

    def environment(self, container):
        values = {"HOSTNAME": "dr-klink-0"}
        for entry in container.get("env", []):
            values[entry["name"]] = self.rewritten(entry.get("value", "from-a-secret"))
        return values

    def command(self, container):
        return [KLINK if word == "/usr/bin/klink" else self.rewritten(word)
                for word in container.get("command", []) + container.get("args", [])]

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
