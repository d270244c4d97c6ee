"""What is generated: values.schema.json, the README of the chart, and the plain snippets of the sidecar."""
import copy
import json
import tempfile

import yaml

from charts import CHART, KLINK, ROOT, example_app, run, template

# Keys of klink's configuration that the chart sets, so that ports, mounts and probes fit.
CHARTS_OWN = {"agent": {"data_dir": None, "http": {"listen": None, "tls": None, "auth": None}}}
# Kubernetes' own structures: checked by Kubernetes, free here.
FREE = {"podSecurityContext", "securityContext", "resources", "livenessProbe", "readinessProbe", "startupProbe",
        "commonLabels", "podLabels", "podAnnotations", "nodeSelector", "affinity", "secrets"}
TOKEN = {
    "type": "object", "additionalProperties": False, "required": ["name", "sha256", "role"],
    "properties": {"name": {"type": "string"}, "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                   "role": {"enum": ["viewer", "operator", "admin"]}, "expires": {"type": "string"}},
}
BROKERS = {
    "type": "object", "additionalProperties": False, "required": ["cidr", "ports"],
    "properties": {"cidr": {"type": "string"},
                   "ports": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 1, "maximum": 65535}}},
}
NARROWER = {
    "replicaCount": {"minimum": 1},
    "image.repository": {"minLength": 1},
    "image.pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
    "image.digest": {"pattern": "^(sha256:[0-9a-f]{64})?$"},
    "image.tag": {"not": {"const": "latest"}},
    "http.port": {"minimum": 1024, "maximum": 65535},
    "http.tokens.list": {"items": TOKEN},
    "networkPolicy.brokers": {"items": BROKERS},
    "service.type": {"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
    "terminationGracePeriodSeconds": {"minimum": 15},
}


def comments(text):
    """Path of each key -> what its `# --` comment says, and whether it is a mapping in flow style."""
    lines, found = text.splitlines(), {}

    def described(line):
        at = line - 1
        while at >= 0 and lines[at].strip().startswith("#"):
            at -= 1
        block = [part.strip().lstrip("#").strip() for part in lines[at + 1:line]]
        starts = [i for i, part in enumerate(block) if part.startswith("--")]
        return " ".join(block[starts[-1]:])[2:].strip() if starts else ""

    def walk(node, path):
        for key, value in node.value:
            here = f"{path}.{key.value}" if path else key.value
            found[here] = described(key.start_mark.line)
            if isinstance(value, yaml.MappingNode) and not value.flow_style and value.value:
                walk(value, here)

    walk(yaml.compose(text), "")
    return found


def schema_of(value, path, said):
    name = path.rsplit(".", 1)[-1]
    if isinstance(value, dict):
        schema = {"type": "object"}
        if value and name not in FREE:
            schema["additionalProperties"] = False
            schema["properties"] = {key: schema_of(inner, f"{path}.{key}".lstrip("."), said) for key, inner in value.items()}
    elif isinstance(value, list):
        schema = {"type": "array"}
    elif isinstance(value, bool):
        schema = {"type": "boolean"}
    elif isinstance(value, int):
        schema = {"type": "integer"}
    else:
        schema = {"type": "string"}
    if said.get(path):
        schema["description"] = said[path]
    schema.update(NARROWER.get(path, {}))
    return schema


def without(schema, own):
    for key, inner in own.items():
        if inner is None:
            del schema["properties"][key]
        else:
            without(schema["properties"][key], inner)


def values_schema():
    text = (CHART / "values.yaml").read_text()
    said = comments(text)
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of the chart klink",
              **schema_of(yaml.safe_load(text), "", said)}
    done = run(KLINK, "config", "schema")
    config = json.loads(done.stdout)
    for key in ("$schema", "title"):
        del config[key]
    without(config, copy.deepcopy(CHARTS_OWN))
    schema["properties"]["config"] = {
        "description": said["config"], "type": "object", "if": {"minProperties": 1}, "then": config}
    schema["properties"]["global"] = {"type": "object"}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def values_table():
    """As helm-docs writes it."""
    text = (CHART / "values.yaml").read_text()
    said, rows = comments(text), []

    def walk(value, path):
        if isinstance(value, dict) and value and not said.get(path) and any(f"{path}.{k}".lstrip(".") in said for k in value):
            for key, inner in value.items():
                walk(inner, f"{path}.{key}".lstrip("."))
            return
        kind = {dict: "object", list: "list", bool: "bool", int: "int", str: "string"}[type(value)]
        rows.append(f"| {path} | {kind} | `{json.dumps(value)}` | {said.get(path, '')} |")

    walk(yaml.safe_load(text), "")
    return "## Values\n\n| Key | Type | Default | Description |\n|-----|------|---------|-------------|\n" + "\n".join(rows)


def readme():
    return (CHART / "README.md.gotmpl").read_text().replace('{{ template "chart.valuesSection" . }}', values_table())


def snippet(form):
    with tempfile.TemporaryDirectory() as folder:
        text = template(example_app(folder), "1.34", sets=[f'klink.form="{form}"'], release="orders")
    head = {
        "native": "# klink beside an application as a native sidecar (Kubernetes 1.29 and later): it starts before the\n"
                  "# application and is ended after it.\n",
        "classic": "# klink beside an application as a container like the others.\n",
    }[form]
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("# Source:")]
    return head + "\n".join(lines) + "\n"


def generated():
    """File -> what must stand in it."""
    return {
        CHART / "values.schema.json": values_schema,
        CHART / "README.md": readme,
        ROOT / "helm/sidecar-native.yaml": lambda: snippet("native"),
        ROOT / "helm/sidecar-classic.yaml": lambda: snippet("classic"),
    }
