#!/usr/bin/env bash
# push-image.sh TAG VERSION COMMIT [newest]: builds the image for both architectures and pushes it,
# on the images that the Dockerfile pins by digest, or with `newest` on what the tag of its base
# image names by now. Refuses an image without a digest, or without one of the architectures, and a
# Dockerfile that does not say what Deno's runtime stub must be.
# Writes the digest of what was pushed, and the base, to GITHUB_OUTPUT.
set -euo pipefail
tag=$1 version=$2 commit=$3 base=${4:-pinned}
platforms=(linux/amd64 linux/arm64)

# The default of an argument of the Dockerfile.
default_of() {
  sed -n "s/^ARG $1=//p" Dockerfile
}

# The same tag, by the digest that it has at this moment.
newest() {
  local name=${1%@*}
  echo "$name@$(docker buildx imagetools inspect "$name" --format '{{.Manifest.Digest}}')"
}

# Ends the run unless the image is pinned by the digest of an index that has every platform.
demand() {
  local offered platform
  if ! [[ $1 =~ @sha256:[0-9a-f]{64}$ ]]; then
    echo "$1 has no digest: write one behind it in the Dockerfile, as NAME:TAG@sha256:..." >&2
    exit 1
  fi
  offered=$(docker buildx imagetools inspect "$1" --raw |
    jq -r '.manifests[]?.platform | "\(.os)/\(.architecture)"')
  for platform in "${platforms[@]}"; do
    if ! grep -qxF "$platform" <<<"$offered"; then
      echo "$1 is not made for $platform: give the digest of its index, not of one image" >&2
      exit 1
    fi
  done
}

build_image=$(default_of BUILD_IMAGE)
base_image=$(default_of BASE_IMAGE)
if [ "$base" = newest ]; then base_image=$(newest "$base_image"); fi
demand "$build_image"
demand "$base_image"
echo "Building with $build_image on $base_image"

checksums=$("$(dirname "${BASH_SOURCE[0]}")/stub-checksums.sh")

docker buildx create --use --driver docker-container
docker buildx build \
  --platform "$(IFS=,; echo "${platforms[*]}")" \
  --build-arg "BUILD_IMAGE=$build_image" \
  --build-arg "BASE_IMAGE=$base_image" \
  --build-arg "DENORT_SHA256=$checksums" \
  --build-arg "VERSION=$version" \
  --build-arg "COMMIT=$commit" \
  --annotation "index:org.opencontainers.image.version=$version" \
  --annotation "index:org.opencontainers.image.revision=$commit" \
  --sbom=true \
  --provenance=mode=max \
  --metadata-file metadata.json \
  --tag "$tag" \
  --push .
{
  echo "digest=$(jq -r '."containerimage.digest"' metadata.json)"
  echo "base=$base_image"
} >>"$GITHUB_OUTPUT"
