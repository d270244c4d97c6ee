{{- define "klink.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "klink.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "klink.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "klink.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "klink.selectorLabels" -}}
app.kubernetes.io/name: {{ include "klink.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "klink.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "klink.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "klink.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "klink.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "klink.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "klink.hasTokens" -}}
{{- if or .Values.http.tokens.existingSecret .Values.http.tokens.list }}true{{ end }}
{{- end }}

{{- define "klink.scheme" -}}
{{- if .Values.http.tls.existingSecret }}https{{ else }}http{{ end }}
{{- end }}

{{- define "klink.url" -}}
{{- printf "%s://%s.%s.svc:%v" (include "klink.scheme" .) (include "klink.fullname" .) .Release.Namespace .Values.http.port }}
{{- end }}

{{/* What cannot be meant, refused when it is rendered. */}}
{{- define "klink.check" -}}
{{- $whole := or .Values.existingConfig.configMap .Values.existingConfig.secret }}
{{- if and (not $whole) (not .Values.config) }}
{{- fail "say what is mirrored: config (klink config init prints one), existingConfig.configMap or existingConfig.secret" }}
{{- end }}
{{- if and .Values.http.expose (not $whole) (not (include "klink.hasTokens" .)) }}
{{- fail "http.expose lets everybody who reaches the pod change links: set http.tokens.existingSecret or http.tokens.list" }}
{{- end }}
{{- if and .Values.existingSecret .Values.secrets }}
{{- fail "set one of existingSecret and secrets" }}
{{- end }}
{{- $scraped := or .Values.metrics.serviceMonitor.enabled .Values.metrics.podMonitor.enabled }}
{{- if and $scraped (not .Values.http.expose) }}
{{- fail "metrics.serviceMonitor and metrics.podMonitor reach the agent over the network: set http.expose" }}
{{- end }}
{{- if and .Values.drill.enabled (not .Values.drill.name) }}
{{- fail "drill.enabled needs drill.name: one of the configuration's drills" }}
{{- end }}
{{- range (.Values.config | default dict).drills }}
{{- if and $.Values.drill.enabled (not $.Values.drill.live) (eq .name $.Values.drill.name) (eq (.kind | default "isolated") "live") }}
{{- fail (printf "drill.name %s is a live drill: on a schedule it fails production over; say drill.live=true when that is meant" .name) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The configuration: what the operator wrote, and what the chart knows. */}}
{{- define "klink.config" -}}
{{- $address := ternary "0.0.0.0" "127.0.0.1" .Values.http.expose }}
{{- $http := dict "listen" (printf "%s:%v" $address .Values.http.port) }}
{{- if include "klink.hasTokens" . }}
{{- $_ := set $http "auth" (dict "tokens_file" "/etc/klink/tokens/tokens.yaml") }}
{{- end }}
{{- if .Values.http.tls.existingSecret }}
{{- $tls := dict "cert" "/etc/klink/tls/tls.crt" "key" "/etc/klink/tls/tls.key" }}
{{- if .Values.http.tls.clientCA }}
{{- $_ := set $tls "client_ca" "/etc/klink/tls/ca.crt" }}
{{- end }}
{{- $_ := set $http "tls" $tls }}
{{- end }}
{{- $agent := dict "data_dir" "/var/lib/klink" "http" $http "log" (dict "format" "json") }}
{{- toYaml (mergeOverwrite (dict "agent" $agent) (deepCopy .Values.config)) }}
{{- end }}

{{- define "klink.podSecurityContext" -}}
{{- if .Values.openshift.enabled }}
{{- toYaml (omit .Values.podSecurityContext "runAsUser" "runAsGroup" "fsGroup") }}
{{- else }}
{{- toYaml .Values.podSecurityContext }}
{{- end }}
{{- end }}

{{- define "klink.env" -}}
{{- if not .Values.http.tls.existingSecret }}
- name: KLINK_URL
  value: {{ printf "http://127.0.0.1:%v" .Values.http.port }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "klink.volumeMounts" -}}
- name: config
  mountPath: /etc/klink/config
  readOnly: true
{{- if or .Values.existingSecret .Values.secrets }}
- name: secrets
  mountPath: /etc/klink/secrets
  readOnly: true
{{- end }}
{{- if include "klink.hasTokens" . }}
- name: tokens
  mountPath: /etc/klink/tokens
  readOnly: true
{{- end }}
{{- if .Values.http.tls.existingSecret }}
- name: tls
  mountPath: /etc/klink/tls
  readOnly: true
{{- end }}
- name: tmp
  mountPath: /tmp
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "klink.volumes" -}}
- name: config
{{- if .Values.existingConfig.secret }}
  secret:
    secretName: {{ .Values.existingConfig.secret }}
    defaultMode: 0440
{{- else }}
  configMap:
    name: {{ default (include "klink.fullname" .) .Values.existingConfig.configMap }}
{{- end }}
{{- if or .Values.existingSecret .Values.secrets }}
- name: secrets
  secret:
    secretName: {{ default (printf "%s-secrets" (include "klink.fullname" .)) .Values.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- if include "klink.hasTokens" . }}
- name: tokens
  secret:
    secretName: {{ default (printf "%s-tokens" (include "klink.fullname" .)) .Values.http.tokens.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- if .Values.http.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ .Values.http.tls.existingSecret }}
    defaultMode: 0440
{{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* From outside of the process only where it listens there; else from within the pod. */}}
{{- define "klink.probe" -}}
{{- if and .root.Values.http.expose (not .root.Values.http.tls.clientCA) }}
httpGet:
  path: {{ printf "/%sz" .ask }}
  port: http
  scheme: {{ include "klink.scheme" .root | upper }}
{{- else }}
exec:
  command: [/usr/bin/klink, check, {{ printf "--%s" .ask }}]
{{- end }}
{{- toYaml .settings | nindent 0 }}
{{- end }}
