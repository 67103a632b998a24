{{- /*
Refuses values that the schema lets pass and the operator, or the API server, would refuse only
once the release is installed. Renders nothing.
*/}}
{{- define "msi-acrpull.checks" -}}
{{- $operator := .Files.Get "files/operator.yaml" | fromYaml -}}
{{- include "msi-acrpull.checkArgs" (dict "values" .Values "flags" $operator.flags) -}}
{{- include "msi-acrpull.checkSuffixes" .Values -}}
{{- include "msi-acrpull.checkDefaults" (dict "values" .Values "suffixes" $operator.suffixes) -}}
{{- include "msi-acrpull.checkEnv" .Values -}}
{{- include "msi-acrpull.checkPairs" .Values -}}
{{- end -}}

{{- define "msi-acrpull.checkArgs" -}}
{{- $flags := .flags -}}
{{- $seen := dict -}}
{{- range $arg := .values.extraArgs -}}
  {{- $spelling := regexReplaceAll "^--?([^=]*)(?s:=.*)?$" $arg "${1}" -}}
  {{- $flag := get $flags $spelling -}}
  {{- if not $flag -}}
    {{- $known := list -}}
    {{- range $name, $other := $flags }}{{ if not (hasKey $other "refused") }}{{ $known = append $known (print "--" $name) }}{{ end }}{{ end -}}
    {{- fail (printf "extraArgs: %q is no flag of the operator; those that may stand here are %s" $arg (join ", " $known)) -}}
  {{- end -}}
  {{- if hasKey $flag "refused" -}}
    {{- fail (printf "extraArgs: %q cannot stand here: %s" $arg $flag.refused) -}}
  {{- end -}}
  {{- if and (hasKey $seen $flag.name) (ne $flag.kind "list") -}}
    {{- fail (printf "extraArgs: %q gives a flag that %q has given already; leave one of them out" $arg (get $seen $flag.name)) -}}
  {{- end -}}
  {{- $_ := set $seen $flag.name $arg -}}
  {{- if and (hasKey $flag "ofCertificate") (not $.values.metrics.certificateSecret) -}}
    {{- fail (printf "extraArgs: %q has no effect without metrics.certificateSecret; set that, or leave it out" $arg) -}}
  {{- end -}}
  {{- if contains "=" $arg -}}
    {{- include "msi-acrpull.checkArg" (dict "arg" $arg "flag" $flag "value" (regexReplaceAll "^[^=]*=" $arg "")) -}}
  {{- else if ne $flag.kind "boolean" -}}
    {{- fail (printf "extraArgs: %q needs a value; write %s=VALUE as one item" $arg $arg) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "msi-acrpull.checkArg" -}}
{{- if and (eq .flag.kind "boolean") (not (regexMatch "^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$" .value)) -}}
  {{- fail (printf "extraArgs: %q is neither true nor false; write one of them after =" .arg) -}}
{{- end -}}
{{- if and (hasKey .flag "choices") (not (has (lower .value) .flag.choices)) -}}
  {{- fail (printf "extraArgs: %q is not known; write %s after =" .arg (join " or " .flag.choices)) -}}
{{- end -}}
{{- if eq .flag.kind "number" -}}
  {{- $decimal := regexMatch "^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?$" .value -}}
  {{- if not (and $decimal (gt (float64 .value) 0.0) (lt (float64 .value) 1.0)) -}}
    {{- fail (printf "extraArgs: %q is out of range; write a number above 0 and below 1 after =" .arg) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "msi-acrpull.checkSuffixes" -}}
{{- range $suffix := .allowedAcrServerSuffixes -}}
  {{- if eq $suffix "*" -}}
    {{- if gt (len $.allowedAcrServerSuffixes) 1 -}}
      {{- fail "allowedAcrServerSuffixes: * stands beside others; write * alone to allow every host, or leave it out" -}}
    {{- end -}}
  {{- else if not (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" (trimAll "." (lower (trim $suffix)))) -}}
    {{- fail (printf "allowedAcrServerSuffixes: %q is no domain; write one such as azurecr.io, which allows every host under it" $suffix) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "msi-acrpull.checkDefaults" -}}
{{- $suffixes := .values.allowedAcrServerSuffixes | default .suffixes -}}
{{- with .values.defaults -}}
{{- with .acrServer -}}
  {{- $label := "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?" -}}
  {{- if or (not (regexMatch (printf "^%s(\\.%s)+$" $label $label) .)) (regexMatch "\\.[0-9]+$" .) (gt (len .) 253) -}}
    {{- fail (printf "defaults.acrServer: %q is no registry's host name; give it alone, such as example.azurecr.io" .) -}}
  {{- end -}}
  {{- $host := lower . -}}
  {{- $inside := has "*" $suffixes -}}
  {{- range $suffixes -}}
    {{- $suffix := trimAll "." (lower (trim .)) -}}
    {{- $inside = or $inside (eq $host $suffix) (hasSuffix (print "." $suffix) $host) -}}
  {{- end -}}
  {{- if not $inside -}}
    {{- fail (printf "defaults.acrServer: %q is outside the allowed registry suffixes (%s); correct it, or extend allowedAcrServerSuffixes" . (join ", " $suffixes)) -}}
  {{- end -}}
{{- end -}}
{{- with .managedIdentityClientID -}}
  {{- if not (regexMatch "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$" .) -}}
    {{- fail (printf "defaults.managedIdentityClientID: %q is no GUID; give the identity's client ID" .) -}}
  {{- end -}}
{{- end -}}
{{- with .managedIdentityResourceID -}}
  {{- $group := "[\\pL\\pN_().-]{0,89}[\\pL\\pN_()-]" -}}
  {{- $pattern := printf "(?i)^/subscriptions/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/resourceGroups/%s/providers/Microsoft\\.ManagedIdentity/userAssignedIdentities/[a-z0-9][a-z0-9_-]{2,127}$" $group -}}
  {{- if not (regexMatch $pattern (clean .)) -}}
    {{- fail (printf "defaults.managedIdentityResourceID: %q is no resource ID of a managed identity; give /subscriptions/GUID/resourceGroups/NAME/providers/Microsoft.ManagedIdentity/userAssignedIdentities/NAME" .) -}}
  {{- end -}}
{{- end -}}
{{- with .armResource -}}
  {{- if not (regexMatch "(?i)^[a-z][a-z0-9+.-]*://[^\\s\\pC?#]+$" .) -}}
    {{- fail (printf "defaults.armResource: %q is no audience; give a URL such as https://management.azure.com/" .) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "msi-acrpull.checkEnv" -}}
{{- $taken := dict -}}
{{- with .defaults -}}
  {{- if .acrServer }}{{ $_ := set $taken "ACR_SERVER" "defaults.acrServer" }}{{ end -}}
  {{- if .managedIdentityClientID }}{{ $_ := set $taken "MANAGED_IDENTITY_CLIENT_ID" "defaults.managedIdentityClientID" }}{{ end -}}
  {{- if .managedIdentityResourceID }}{{ $_ := set $taken "MANAGED_IDENTITY_RESOURCE_ID" "defaults.managedIdentityResourceID" }}{{ end -}}
  {{- if .armResource }}{{ $_ := set $taken "ARM_RESOURCE" "defaults.armResource" }}{{ end -}}
{{- end -}}
{{- range .extraEnv -}}
  {{- if hasKey $taken .name -}}
    {{- fail (printf "extraEnv: %s is set by %s already; leave one of them out" .name (get $taken .name)) -}}
  {{- end -}}
  {{- $_ := set $taken .name "extraEnv" -}}
{{- end -}}
{{- end -}}

{{- /* Values that mean nothing, or less than they seem to, without another. */}}
{{- define "msi-acrpull.checkPairs" -}}
{{- if and .metrics.certificateSecret (not .metrics.secure) -}}
  {{- fail "metrics.certificateSecret has no effect without metrics.secure=true; set that, or leave it out" -}}
{{- end -}}
{{- if and .policies.tenants.entries (not .policies.tenants.enabled) -}}
  {{- fail "policies.tenants.entries holds nobody to anything without policies.tenants.enabled=true; set that, or leave it out" -}}
{{- end -}}
{{- with .podDisruptionBudget -}}
  {{- if and .enabled (kindIs "invalid" .minAvailable) (kindIs "invalid" .maxUnavailable) -}}
    {{- fail "podDisruptionBudget limits nothing without minAvailable or maxUnavailable; set one of them" -}}
  {{- end -}}
{{- end -}}
{{- end -}}
