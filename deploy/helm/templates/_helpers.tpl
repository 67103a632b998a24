{{- define "msi-acrpull.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default (printf "v%s" $.Chart.AppVersion) }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "msi-acrpull.labels" -}}
app.kubernetes.io/name: msi-acrpull
{{- end -}}

{{- /* What the Deployment selects by; it can never change. */}}
{{- define "msi-acrpull.selector" -}}
control-plane: controller-manager
{{- end -}}
