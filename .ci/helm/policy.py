"""What must hold of everything that the charts render. Each rule yields what is wrong, a sentence each."""
from charts import kinds, pods


def containers_of(spec):
    return spec.get("initContainers", []) + spec.get("containers", [])


def pod_rules(name, spec):
    context = spec.get("securityContext", {})
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield f"{name}: {key}"
    if any("hostPath" in volume for volume in spec.get("volumes", [])):
        yield f"{name}: mounts a path of the host"
    if spec.get("automountServiceAccountToken") is not False:
        yield f"{name}: mounts the token of its service account"
    names = {volume["name"] for volume in spec.get("volumes", [])}
    for container in containers_of(spec):
        where = f'{name}, container {container["name"]}'
        yield from container_rules(where, container, context)
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in names and mount["name"] != "data":
                yield f'{where}: mounts {mount["name"]}, which is no volume'


def container_rules(where, container, pod):
    own = container.get("securityContext", {})
    either = {**pod, **own}
    if either.get("runAsNonRoot") is not True:
        yield f"{where}: may run as root (runAsNonRoot)"
    if either.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield f"{where}: no seccomp profile"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{where}: may gain privileges"
    if own.get("privileged"):
        yield f"{where}: is privileged"
    if own.get("readOnlyRootFilesystem") is not True:
        yield f"{where}: its file system can be written"
    capabilities = own.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
        yield f"{where}: keeps capabilities"
    image = container["image"].rsplit("/", 1)[-1]
    if "@sha256:" not in image and (":" not in image or image.endswith(":latest")):
        yield f'{where}: its image {container["image"]} has no tag of its own'
    resources = container.get("resources", {})
    for kind, what in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
        if what not in resources.get(kind, {}):
            yield f"{where}: no {kind}.{what}"


def asked(probe):
    """live or ready: what a probe asks klink."""
    if "httpGet" in probe:
        return {"/livez": "live", "/readyz": "ready"}.get(probe["httpGet"]["path"], probe["httpGet"]["path"])
    return {"--live": "live", "--ready": "ready"}.get(probe["exec"]["command"][-1], probe["exec"]["command"])


# A probe that looked at lag or at a cluster would have agents restarted while a source is down, when they are needed.
def probe_rules(name, spec):
    for container in containers_of(spec):
        if container["name"] != "klink":
            continue
        for probe, wanted in (("startupProbe", "live"), ("livenessProbe", "live"), ("readinessProbe", "ready")):
            if probe in container and asked(container[probe]) != wanted:
                yield f"{name}: its {probe} asks {asked(container[probe])}, not {wanted}"
        for probe in ("startupProbe", "livenessProbe"):
            if probe not in container:
                yield f"{name}: no {probe}"
        if spec.get("terminationGracePeriodSeconds", 30) < 15:
            yield f"{name}: is killed before klink has ended what it writes"


def matches(selector, labels):
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def selector_rules(docs):
    agents = [labels for name, labels in all_labels(docs) if name.startswith("StatefulSet")]
    others = [(name, labels) for name, labels in all_labels(docs) if not name.startswith("StatefulSet")]
    for document in docs:
        spec, name = document.get("spec", {}), f'{document["kind"]} {document["metadata"]["name"]}'
        if document["kind"] == "Service":
            selector = spec["selector"]
        elif document["kind"] in ("PodDisruptionBudget", "StatefulSet", "PodMonitor"):
            selector = spec["selector"]["matchLabels"]
        elif document["kind"] == "NetworkPolicy":
            selector = spec["podSelector"]["matchLabels"]
        elif document["kind"] == "ServiceMonitor":
            services = [s["metadata"]["labels"] for s in kinds(docs, "Service")]
            if sum(matches(spec["selector"]["matchLabels"], labels) for labels in services) != 1:
                yield f"{name}: does not select one Service"
            continue
        else:
            continue
        if not any(matches(selector, labels) for labels in agents):
            yield f"{name}: selects no agent"
        for other, labels in others:
            if matches(selector, labels):
                yield f"{name}: selects the pods of {other} too"


def all_labels(docs):
    return [(name, metadata.get("labels", {})) for name, metadata, _ in pods(docs)]


def whole_rules(docs):
    seen = set()
    for document in docs:
        key = (document["kind"], document["metadata"]["name"])
        if key in seen:
            yield f"{key[0]} {key[1]}: rendered twice"
        seen.add(key)
        if "namespace" in document["metadata"]:
            yield f"{key[0]} {key[1]}: names a namespace"
    for stateful in kinds(docs, "StatefulSet"):
        if stateful["spec"]["replicas"] > 1 and not kinds(docs, "PodDisruptionBudget"):
            yield "several agents and no PodDisruptionBudget"
    for job in kinds(docs, "CronJob"):
        inner = job["spec"]["jobTemplate"]["spec"]
        if inner["backoffLimit"] != 0 or inner["template"]["spec"]["restartPolicy"] != "Never":
            yield f'CronJob {job["metadata"]["name"]}: tries again what did not pass'
    for config in kinds(docs, "ConfigMap"):
        for line in config["data"]["klink.yaml"].splitlines():
            if ("password:" in line or "secret:" in line) and "${" not in line:
                yield f'ConfigMap {config["metadata"]["name"]}: holds a secret: {line.split(":")[0].strip()}'


def broken(docs):
    """Everything that is wrong with what was rendered."""
    found = list(whole_rules(docs))
    for name, _, spec in pods(docs):
        found += pod_rules(name, spec)
        found += probe_rules(name, spec)
    if kinds(docs, "StatefulSet"):
        found += selector_rules(docs)
    return found
