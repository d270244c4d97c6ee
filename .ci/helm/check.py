"""Checks the charts without a cluster: `check.py [--nightly]`; `check.py --update` rewrites what is generated. Prints
`ok NAME` or `FAILED NAME: why`, a line each."""
import copy
import sys
import tempfile

import kubernetes_validate
import yaml

import policy
from charts import CHART, EXAMPLE, FIRST, HELM, KLINK, LAST, Refused, Sandbox, documents, example_app, kinds, pods, run, template, value_sets
from generate import generated
from rehearse import rehearse

NIGHTLY = [f"1.{minor}" for minor in range(27, 36)]
failed = 0


def report(name, wrong):
    global failed
    if wrong:
        failed += 1
        print(f"FAILED {name}: " + "\n   ".join(wrong[:10]), flush=True)
    else:
        print(f"ok {name}", flush=True)


def step(name, work):
    """`work` gives what is wrong, or raises it."""
    try:
        report(name, list(work() or []))
    except Exception as error:  # a check that cannot be made has not passed
        report(name, [f"{type(error).__name__}: {error}"])


# ---- what Kubernetes takes ------------------------------------------------------------------------------------------

MONITORS = {
    "ServiceMonitor": ("selector", "endpoints"),
    "PodMonitor": ("selector", "podMetricsEndpoints"),
}


def schema_errors(docs, version):
    for document in docs:
        name = f'{document["kind"]} {document["metadata"]["name"]}'
        if document["kind"] in MONITORS:  # of the Prometheus operator: no schema of Kubernetes
            missing = [key for key in MONITORS[document["kind"]] if key not in document["spec"]]
            if missing or document["apiVersion"] != "monitoring.coreos.com/v1":
                yield f"{name}: lacks {missing}"
            continue
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{name}, Kubernetes {version}: {error.message} at {'.'.join(map(str, error.path))}"


def rendered_well(chart, version, values, sets=()):
    docs = documents(template(chart, version, values, sets))
    return list(schema_errors(docs, version)) + policy.broken(docs)


# ---- what klink takes -----------------------------------------------------------------------------------------------


def configuration_errors(docs):
    whole = run(KLINK, "config", "init").stdout
    for name, _, spec in pods(docs):
        for container in policy.containers_of(spec):
            if not any(mount["mountPath"] == "/etc/klink/config" for mount in container.get("volumeMounts", [])):
                continue
            sandbox = Sandbox(docs, spec, container, whole)
            done = run(KLINK, "validate", "--config", sandbox.config, env=sandbox.environment(container))
            sandbox.remove()
            if done.returncode != 0:
                yield f"{name}, {container['name']}: klink validate ended with {done.returncode}: {done.stderr.strip()}"
            if container["name"] == "klink" and "run" not in container["args"]:
                yield f"{name}: does not run klink"


# ---- what the chart refuses -----------------------------------------------------------------------------------------

MINIMAL = CHART / "ci/minimal-values.yaml"
REFUSED = {
    "no configuration": ([], [], "say what is mirrored"),
    "an api that everybody may use": ([MINIMAL], ["http.expose=true"], "http.expose lets everybody"),
    "a misspelt value": ([MINIMAL], ["replicas=2"], "replicas"),
    "a misspelt key of klink": ([MINIMAL], ['config.links[0].topcis={}'], "topcis"),
    "a key that is the chart's": ([MINIMAL], ['config.agent={"data_dir": "/data"}'], "data_dir"),
    "a password in the configuration": ([MINIMAL], ['config.clusters.paris.sasl\\.password="hunter2"'], "pattern"),
    "the tag latest": ([MINIMAL], ['image.tag="latest"'], "/image/tag"),
    "a monitor of what cannot be reached": ([MINIMAL], ["metrics.podMonitor.enabled=true"], "set http.expose"),
    "a drill without its name": ([CHART / "ci/drill-values.yaml"], ['drill.name=""'], "drill.name"),
    "a live drill that nobody meant": ([CHART / "ci/drill-values.yaml"], ['config.drills[0].kind="live"'], "drill.live"),
    "a token that is no digest": ([CHART / "ci/drill-values.yaml"],
                                  ['http.tokens.list=[{"name":"a","sha256":"x","role":"viewer"}]'], "sha256"),
    "secrets from two places": ([CHART / "ci/scram-values.yaml"], ['existingSecret="x"'], "one of existingSecret"),
}


def not_refused(values, sets, text):
    try:
        template(CHART, LAST, values, sets)
    except Refused as refused:
        return [] if text in str(refused) else [f"refused, but for another reason: {refused}"]
    return ["rendered"]


# ---- the policy bites -----------------------------------------------------------------------------------------------


def agent(docs):
    return kinds(docs, "StatefulSet")[0]["spec"]["template"]["spec"]


def container(docs):
    return agent(docs)["containers"][0]


PLANTED = {
    "may run as root": lambda d: agent(d)["securityContext"].update(runAsNonRoot=False),
    "no seccomp profile": lambda d: agent(d)["securityContext"].pop("seccompProfile"),
    "may gain privileges": lambda d: container(d)["securityContext"].pop("allowPrivilegeEscalation"),
    "is privileged": lambda d: container(d)["securityContext"].update(privileged=True),
    "its file system can be written": lambda d: container(d)["securityContext"].update(readOnlyRootFilesystem=False),
    "keeps capabilities": lambda d: container(d)["securityContext"].update(capabilities={"drop": ["ALL"], "add": ["NET_RAW"]}),
    "has no tag of its own": lambda d: container(d).update(image="port:5000/klink"),
    "no limits.memory": lambda d: container(d)["resources"].pop("limits"),
    "hostNetwork": lambda d: agent(d).update(hostNetwork=True),
    "mounts a path of the host": lambda d: agent(d)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
    "mounts the token": lambda d: agent(d).pop("automountServiceAccountToken"),
    "which is no volume": lambda d: agent(d).update(volumes=[]),
    "asks ready, not live": lambda d: container(d).update(livenessProbe=container(d)["readinessProbe"]),
    "no startupProbe": lambda d: container(d).pop("startupProbe"),
    "is killed before": lambda d: agent(d).update(terminationGracePeriodSeconds=5),
    "selects no agent": lambda d: kinds(d, "Service")[0]["spec"]["selector"].update(app="x"),
    "selects the pods of": lambda d: kinds(d, "Pod")[0]["metadata"].update(
        labels=kinds(d, "StatefulSet")[0]["spec"]["template"]["metadata"]["labels"]),
    "rendered twice": lambda d: d.append(d[0]),
    "names a namespace": lambda d: d[0]["metadata"].update(namespace="x"),
    "no PodDisruptionBudget": lambda d: kinds(d, "StatefulSet")[0]["spec"].update(replicas=2),
    "holds a secret": lambda d: kinds(d, "ConfigMap")[0]["data"].update({"klink.yaml": "sasl.password: hunter2"}),
}


def does_not_bite(docs, text, plant):
    changed = copy.deepcopy(docs)
    plant(changed)
    found = policy.broken(changed)
    return [] if any(text in one for one in found) else [f"{text} was planted; found {found}"]


# Kubernetes' schemas, planted with what they must not take.
def schema_does_not_bite(docs):
    for path, plant in (("a field of no meaning", lambda d: d["spec"].update(replicsa=2)),
                        ("a text for a number", lambda d: d["spec"].update(replicas="two"))):
        changed = copy.deepcopy(docs)
        plant(kinds(changed, "StatefulSet")[0])
        if not list(schema_errors(changed, LAST)):
            yield f"{path} was planted and taken"


# ---- all of it ------------------------------------------------------------------------------------------------------


def check_generated(update):
    for file, make in generated().items():
        def compare(file=file, make=make):
            text = make()
            if update:
                file.write_text(text)
            elif not file.exists() or file.read_text() != text:
                yield "is not what it is generated from; KLINK_UPDATE=1 ./x test helm rewrites it"
        step(f"generated_{file.name}", compare)


def lint(chart, values):
    done = run(HELM, "lint", "--strict", chart, *(word for file in values for word in ("--values", file)))
    return [] if done.returncode == 0 else [done.stdout + done.stderr]


def check_chart(versions):
    sets = value_sets()
    report("eight_value_sets", [] if len(sets) == 8 else [f"there are {len(sets)}"])
    for values in sets:
        name = values.name.removesuffix("-values.yaml")
        step(f"lint_{name}", lambda: lint(CHART, [values]))
        for version in versions:
            step(f"render_{name}_{version}", lambda: rendered_well(CHART, version, [values]))
        step(f"validate_{name}", lambda: configuration_errors(documents(template(CHART, LAST, [values]))))
    for name, (values, changes, text) in REFUSED.items():
        step("refuses_" + name.replace(" ", "_"), lambda: not_refused(values, changes, text))
    docs = documents(template(CHART, LAST, [MINIMAL]))
    step("schemas_bite", lambda: schema_does_not_bite(docs))
    for text, plant in PLANTED.items():
        step("policy_bites_" + text.replace(" ", "_"), lambda: does_not_bite(docs, text, plant))


def check_sidecar(versions):
    with tempfile.TemporaryDirectory() as folder:
        app = example_app(folder)
        step("lint_sidecar", lambda: lint(app, [EXAMPLE / "values.yaml"]))
        for version in versions:
            for form in ("auto", "native", "classic"):
                if form == "native" and version in ("1.27", "1.28"):
                    continue  # where it is not to be had
                step(f"render_sidecar_{form}_{version}", lambda: rendered_well(app, version, [], [f'klink.form="{form}"']))
        step("validate_sidecar", lambda: configuration_errors(documents(template(app, LAST))))
    for form in ("native", "classic"):
        step(f"rehearsal_{form}", lambda: rehearse(form))


def main():
    check_generated("--update" in sys.argv)
    versions = NIGHTLY if "--nightly" in sys.argv else [FIRST, LAST]
    check_chart(versions)
    check_sidecar(versions)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
