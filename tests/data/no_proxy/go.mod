// Computes no-proxy.json, by the rules that Go programs go by. Nothing else uses this module.
module msi-acrpull/tests/data/no_proxy

go 1.26.0

require golang.org/x/net v0.57.0

require golang.org/x/text v0.40.0 // indirect
