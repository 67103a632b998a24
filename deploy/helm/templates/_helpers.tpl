{{- /* Written by hand: tests/e2e/helm_test.ts holds what it renders equal to the labels of deploy/manifests/manifest.ts. */ -}}
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

{{- /*
The chart's labels of the pods and those of podLabels. One that the Deployment, the NetworkPolicy,
the disruption budget and the metrics Service select by must not be another.
*/}}
{{- define "msi-acrpull.podLabels" -}}
{{- $own := merge (include "msi-acrpull.selector" . | fromYaml) (include "msi-acrpull.labels" . | fromYaml) -}}
{{- range $name, $value := .Values.podLabels -}}
{{- if hasKey $own $name -}}
{{- fail (printf "podLabels: %s=%s would part the pods from their NetworkPolicy and from all else that selects them by it; give another label, or leave it out" $name $value) -}}
{{- end -}}
{{- end -}}
{{- merge $own (.Values.podLabels | default dict) | toYaml -}}
{{- end -}}

{{- /* The chart's labels of a monitor and those of its values, given as the list (dot, labels). */}}
{{- define "msi-acrpull.monitorLabels" -}}
{{- merge (include "msi-acrpull.labels" (first .) | fromYaml) (last . | default dict) | toYaml -}}
{{- end -}}

{{- /* Whether the operator has a default client ID, for the policy for tenants: set or none. */}}
{{- define "msi-acrpull.defaultClientID" -}}
{{- $names := list -}}
{{- range .Values.extraEnv }}{{ $names = append $names .name }}{{ end -}}
{{- if or .Values.defaults.managedIdentityClientID (has "MANAGED_IDENTITY_CLIENT_ID" $names) -}}
set
{{- else -}}
none
{{- end -}}
{{- end -}}
