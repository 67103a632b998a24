#!/usr/bin/env bash
# stub-checksums.sh: prints what the Dockerfile says Deno's runtime stub must be, the file with which
# executables begin, as amd64=HASH,arm64=HASH. Ends the run, and says how to fill it in, where it
# does not say so for every architecture of a release.
set -euo pipefail
checksums=$(sed -n 's/^ARG DENORT_SHA256=//p' Dockerfile)
version=$(sed -n 's/^ARG BUILD_IMAGE=.*:debian-\([0-9.]*\)@.*/\1/p' Dockerfile)

for architecture in amd64 arm64; do
  if [[ ,$checksums, =~ ,$architecture=[0-9a-f]{64}, ]]; then continue; fi
  cat >&2 <<MESSAGE
::error file=Dockerfile::ARG DENORT_SHA256 lacks $architecture=HASH, so Deno's runtime stub would go into the release unchecked. A maintainer fills it in, as amd64=HASH,arm64=HASH: see below.
Take the SHA-256 of both archives as Deno publishes them,
  curl -fsSL https://dl.deno.land/release/v$version/denort-x86_64-unknown-linux-gnu.zip.sha256sum
  curl -fsSL https://dl.deno.land/release/v$version/denort-aarch64-unknown-linux-gnu.zip.sha256sum
compare them with the page of the release, https://github.com/denoland/deno/releases/tag/v$version,
and write them into the Dockerfile, the first for amd64 and the second for arm64:
  ARG DENORT_SHA256=amd64=HASH,arm64=HASH
Commit that, and tag the commit. deploy/image.md has more.
MESSAGE
  exit 1
done
echo "$checksums"
