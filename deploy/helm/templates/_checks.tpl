{{- /* Written by hand: tests/e2e/helm_test.ts holds what it refuses equal to what the operator refuses. */ -}}
{{- /*
Refuses values that the schema lets pass and the operator, or the API server, would refuse only
once the release is installed. Renders nothing.
*/}}
{{- define "msi-acrpull.checks" -}}
{{- $operator := .Files.Get "files/operator.yaml" | fromYaml -}}
{{- include "msi-acrpull.checkNamespace" (dict "namespace" .Release.Namespace "reserved" $operator.reservedNamespaces) -}}
{{- include "msi-acrpull.checkImage" (dict "image" .Values.image "version" .Chart.AppVersion "patterns" $operator.patterns) -}}
{{- include "msi-acrpull.checkAudience" (dict "values" .Values "patterns" $operator.patterns) -}}
{{- include "msi-acrpull.checkArgs" (dict "values" .Values "flags" $operator.flags "patterns" $operator.patterns) -}}
{{- include "msi-acrpull.checkSuffixes" (dict "suffixes" .Values.allowedAcrServerSuffixes "patterns" $operator.patterns) -}}
{{- include "msi-acrpull.checkDefaults" (dict "values" .Values "suffixes" $operator.suffixes "patterns" $operator.patterns) -}}
{{- include "msi-acrpull.checkEnv" .Values -}}
{{- include "msi-acrpull.checkTenants" (dict "entries" .Values.policies.tenants.entries "patterns" $operator.patterns) -}}
{{- include "msi-acrpull.checkTokens" .Values -}}
{{- include "msi-acrpull.checkDisruptions" .Values -}}
{{- include "msi-acrpull.checkPairs" .Values -}}
{{- end -}}

{{- define "msi-acrpull.checkNamespace" -}}
{{- if regexMatch .reserved.pattern .namespace -}}
  {{- fail (printf "--namespace=%s %s" .namespace .reserved.fault) -}}
{{- end -}}
{{- end -}}

{{- define "msi-acrpull.checkImage" -}}
{{- with .image -}}
{{- if not (regexMatch $.patterns.repository .repository) -}}
  {{- fail (printf "image.repository: %q is no repository; give it such as ghcr.io/msi-acrpull/deno, and a tag or digest in image.tag or image.digest" .repository) -}}
{{- end -}}
{{- if and .tag (not (regexMatch $.patterns.tag .tag)) -}}
  {{- fail (printf "image.tag: %q is no tag; give one such as v%s, or leave it empty for that of the chart's version" .tag $.version) -}}
{{- end -}}
{{- if not (regexMatch "^(sha256:[0-9a-f]{64})?$" (.digest | default "")) -}}
  {{- fail (printf "image.digest: %q is no digest; give sha256: and its 64 hexadecimal digits in lower case, or leave it empty to go by image.tag" .digest) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The letters are those that stand for themselves in the policy's expression. */}}
{{- define "msi-acrpull.checkAudience" -}}
{{- $patterns := .patterns -}}
{{- with .values.serviceAccountTokenAudience -}}
{{- if regexMatch $patterns.apiServerAudience . -}}
  {{- fail (printf "serviceAccountTokenAudience: %q is the API server's own audience: with a token for it, whoever reads it is that service account in the cluster; give the audience that the federated credentials list, such as api://AzureCRTokenExchange" .) -}}
{{- end -}}
{{- end -}}
{{- if not (regexMatch "^[A-Za-z0-9:/._~-]+$" .values.serviceAccountTokenAudience) -}}
  {{- fail (printf "serviceAccountTokenAudience: %q is no audience that a policy can insist on; give the one that the federated credentials list, of letters, digits and : / . _ ~ - alone, such as api://AzureCRTokenExchange" .values.serviceAccountTokenAudience) -}}
{{- end -}}
{{- end -}}

{{- define "msi-acrpull.checkArgs" -}}
{{- $flags := .flags -}}
{{- $seen := dict -}}
{{- range $arg := .values.extraArgs -}}
  {{- if not (hasPrefix "-" $arg) -}}
    {{- fail (printf "extraArgs: %q begins with no dash; write a flag and its value as one item, such as --log-level=debug" $arg) -}}
  {{- end -}}
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
    {{- include "msi-acrpull.checkArg" (dict "arg" $arg "flag" $flag "value" (regexReplaceAll "^[^=]*=" $arg "") "patterns" $.patterns) -}}
  {{- else if ne $flag.kind "boolean" -}}
    {{- fail (printf "extraArgs: %q needs a value; write %s=VALUE as one item" $arg $arg) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "msi-acrpull.checkArg" -}}
{{- if and (eq .flag.kind "boolean") (not (regexMatch .patterns.boolean .value)) -}}
  {{- fail (printf "extraArgs: %q is neither true nor false; write one of them after =" .arg) -}}
{{- end -}}
{{- if and (hasKey .flag "choices") (not (has (lower .value) .flag.choices)) -}}
  {{- fail (printf "extraArgs: %q is not known; write %s after =" .arg (join " or " .flag.choices)) -}}
{{- end -}}
{{- with .flag.format -}}
  {{- $items := list $.value -}}
  {{- if eq $.flag.kind "list" }}{{ $items = regexSplit "\\s*,\\s*" (trim $.value) -1 }}{{ end -}}
  {{- range $item := $items -}}
    {{- if not (or (regexMatch $.flag.format.pattern $item) (and (eq $.flag.kind "list") (eq $item ""))) -}}
      {{- fail (printf "extraArgs: %q %s" $.arg $.flag.format.fault) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if eq .flag.kind "number" -}}
  {{- $decimal := regexMatch .patterns.decimal .value -}}
  {{- if not (and $decimal (gt (float64 .value) 0.0) (lt (float64 .value) 1.0)) -}}
    {{- fail (printf "extraArgs: %q is out of range; write a number above 0 and below 1 after =" .arg) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "msi-acrpull.checkSuffixes" -}}
{{- range $suffix := .suffixes -}}
  {{- if eq $suffix "*" -}}
    {{- if gt (len $.suffixes) 1 -}}
      {{- fail "allowedAcrServerSuffixes: * stands beside others; write * alone to allow every host, or leave it out" -}}
    {{- end -}}
  {{- else if not (regexMatch $.patterns.domain (trimAll "." (lower (trim $suffix)))) -}}
    {{- fail (printf "allowedAcrServerSuffixes: %q is no domain; write one such as azurecr.io, which allows every host under it" $suffix) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "msi-acrpull.checkDefaults" -}}
{{- $suffixes := .values.allowedAcrServerSuffixes | default .suffixes -}}
{{- $patterns := .patterns -}}
{{- with .values.defaults -}}
{{- with .acrServer -}}
  {{- if or (not (regexMatch $patterns.host .)) (regexMatch "\\.[0-9]+$" .) (gt (len .) 253) -}}
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
  {{- if not (regexMatch $patterns.guid .) -}}
    {{- fail (printf "defaults.managedIdentityClientID: %q is no GUID; give the identity's client ID" .) -}}
  {{- end -}}
{{- end -}}
{{- with .managedIdentityResourceID -}}
  {{- /* Without regard to letter case k matches the Kelvin sign and s the long s, which the operator refuses. */}}
  {{- if or (regexMatch $patterns.lookAlikes .) (not (regexMatch $patterns.identity (clean .))) -}}
    {{- fail (printf "defaults.managedIdentityResourceID: %q is no resource ID of a managed identity; give /subscriptions/GUID/resourceGroups/NAME/providers/Microsoft.ManagedIdentity/userAssignedIdentities/NAME" .) -}}
  {{- end -}}
{{- end -}}
{{- with .armResource -}}
  {{- if not (regexMatch $patterns.audience .) -}}
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
{{- end -}}

{{- /*
What no binding could ever be allowed by: the policy looks keys up by their namespace, and compares
the entries of all lists but that of scopes as a whole.
*/}}
{{- define "msi-acrpull.checkTenants" -}}
{{- $patterns := .patterns -}}
{{- range $namespace, $lists := .entries -}}
  {{- if not (regexMatch $patterns.namespace $namespace) -}}
    {{- fail (printf "policies.tenants.entries: %q is no namespace's name; give one of up to 63 lower-case letters, digits and dashes" $namespace) -}}
  {{- end -}}
  {{- range $list, $entries := omit $lists "scopes" -}}
    {{- range $entry := regexSplit "\\s+" (join " " $entries) -1 -}}
      {{- if and (contains "*" $entry) (ne $entry "*") -}}
        {{- fail (printf "policies.tenants.entries.%s.%s: %q allows nothing, as * stands for other letters only in scopes; list each in full, or write * alone to allow any" $namespace $list $entry) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
  {{- range $entry := regexSplit "\\s+" (join " " $lists.registries) -1 -}}
    {{- if not (or (has $entry (list "" "*" "default")) (regexMatch $patterns.host $entry)) -}}
      {{- fail (printf "policies.tenants.entries.%s.registries: %q is no registry's host name; give it alone, such as example.azurecr.io, default for the operator's own, or * for any" $namespace $entry) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- /* RBAC alone would let the operator have tokens by which the API server takes it for anybody. */}}
{{- define "msi-acrpull.checkTokens" -}}
{{- if and .workloadIdentity.enabled (not .policies.enabled) (not .policies.acceptUnguardedTokens) -}}
  {{- fail "policies.enabled=false leaves the operator the right to mint a token of any service account for any audience, the API server's among them; set workloadIdentity.enabled=false to take it away, or policies.acceptUnguardedTokens=true to accept that" -}}
{{- end -}}
{{- end -}}

{{- /* A budget that lets no pod go holds up the drain of every node that has one. */}}
{{- define "msi-acrpull.checkDisruptions" -}}
{{- $replicas := int .replicas -}}
{{- with .podDisruptionBudget -}}
{{- if .enabled -}}
  {{- $percent := "%" -}}
  {{- if not (kindIs "invalid" .maxUnavailable) -}}
    {{- if eq (atoi (trimSuffix $percent (toString .maxUnavailable))) 0 -}}
      {{- fail (printf "podDisruptionBudget.maxUnavailable: %v lets no pod go, so that no node with one can be drained; give 1 or more" .maxUnavailable) -}}
    {{- end -}}
  {{- else if kindIs "invalid" .minAvailable -}}
    {{- fail "podDisruptionBudget limits nothing without minAvailable or maxUnavailable; set one of them" -}}
  {{- else if gt $replicas 0 -}}
    {{- $needed := atoi (trimSuffix $percent (toString .minAvailable)) -}}
    {{- if hasSuffix $percent (toString .minAvailable) }}{{ $needed = int (div (add (mul $needed $replicas) 99) 100) }}{{ end -}}
    {{- if ge $needed $replicas -}}
      {{- fail (printf "podDisruptionBudget.minAvailable: %v lets none of %d replicas go, so that no node with one can be drained; give less, raise replicas, or set maxUnavailable=1" .minAvailable $replicas) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
