{{/*
klink beside an application, in its pod. Every template takes (dict "root" $ "klink" .Values.klink):

  klink.sidecar.form            native (an init container that goes on running) or classic, by the cluster's version
                                unless klink.form says which
  klink.sidecar.initContainers  the native form; nothing in the classic one
  klink.sidecar.containers      the classic form; nothing in the native one
  klink.sidecar.volumes         what both mount
  klink.sidecar.configMap       the ConfigMap with its configuration, a resource of its own

The native form starts before the application and is ended after it, so that what the application's last seconds wrote
still crosses. In the classic form both are told to end at once.
*/}}

{{- define "klink.sidecar.form" -}}
{{- $form := default "auto" .klink.form }}
{{- if eq $form "auto" }}
{{- ternary "native" "classic" (semverCompare ">=1.29.0-0" .root.Capabilities.KubeVersion.Version) }}
{{- else if has $form (list "native" "classic") }}
{{- $form }}
{{- else }}
{{- fail (printf "klink.form is %s; it may be auto, native or classic" $form) }}
{{- end }}
{{- end }}

{{- define "klink.sidecar.name" -}}
{{- printf "%s-klink" .root.Release.Name | trunc 60 | trimSuffix "-" }}
{{- end }}

{{/* It listens within the pod alone; the API, the metrics and the probes are reached from there. */}}
{{- define "klink.sidecar.config" -}}
{{- $agent := dict "data_dir" "/var/lib/klink" "log" (dict "format" "json") "http" (dict "listen" "127.0.0.1:8470") }}
{{- toYaml (mergeOverwrite (dict "agent" $agent) (deepCopy .klink.config)) }}
{{- end }}

{{- define "klink.sidecar.configMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "klink.sidecar.name" . }}
data:
  klink.yaml: |
    {{- include "klink.sidecar.config" . | nindent 4 }}
{{- end }}

{{- define "klink.sidecar.container" -}}
- name: klink
  image: {{ required "klink.image: which image?" .klink.image }}
  {{- if eq (include "klink.sidecar.form" .) "native" }}
  restartPolicy: Always
  {{- end }}
  command: [/usr/bin/klink]
  args: [run, --config, /etc/klink/config/klink.yaml]
  env:
    - name: KLINK_CONFIG
      value: /etc/klink/config/klink.yaml
    - name: KLINK_URL
      value: http://127.0.0.1:8470
    {{- with .klink.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  # The application starts once klink works, whether or not a cluster answers. There is no readiness probe: what klink
  # waits for is no reason to send the application no traffic.
  startupProbe:
    exec:
      command: [/usr/bin/klink, check, --live]
    periodSeconds: 2
    timeoutSeconds: 5
    failureThreshold: 60
  livenessProbe:
    exec:
      command: [/usr/bin/klink, check, --live]
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  resources:
    {{- if .klink.resources }}
    {{- toYaml .klink.resources | nindent 4 }}
    {{- else }}
    requests: {cpu: 100m, memory: 256Mi}
    limits: {memory: 768Mi}
    {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: {drop: [ALL]}
    seccompProfile: {type: RuntimeDefault}
  volumeMounts:
    - name: klink-config
      mountPath: /etc/klink/config
      readOnly: true
    {{- if .klink.existingSecret }}
    - name: klink-secrets
      mountPath: /etc/klink/secrets
      readOnly: true
    {{- end }}
    - name: klink-data
      mountPath: /var/lib/klink
    {{- with .klink.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "klink.sidecar.initContainers" -}}
{{- if eq (include "klink.sidecar.form" .) "native" }}
{{- include "klink.sidecar.container" . }}
{{- end }}
{{- end }}

{{- define "klink.sidecar.containers" -}}
{{- if eq (include "klink.sidecar.form" .) "classic" }}
{{- include "klink.sidecar.container" . }}
{{- end }}
{{- end }}

{{/* The data directory is a cache: a new pod rebuilds it. */}}
{{- define "klink.sidecar.volumes" -}}
- name: klink-config
  configMap:
    name: {{ include "klink.sidecar.name" . }}
{{- if .klink.existingSecret }}
- name: klink-secrets
  secret:
    secretName: {{ .klink.existingSecret }}
{{- end }}
- name: klink-data
  emptyDir:
    sizeLimit: 5Gi
{{- end }}
