#!/usr/bin/env bash
# push-image.sh TAG VERSION COMMIT: builds the image for both architectures on base images that are
# pinned by the digests that they have now, and pushes it. Writes its digest to GITHUB_OUTPUT.
set -euo pipefail
tag=$1 version=$2 commit=$3

# The digest under which an image is known at this moment.
pinned() {
  local digest
  digest=$(docker buildx imagetools inspect "$1" --format '{{.Manifest.Digest}}')
  echo "${1%%:*}@$digest"
}

# The default of an argument of the Dockerfile.
default_of() {
  sed -n "s/^ARG $1=//p" Dockerfile
}

build_image=$(pinned "$(default_of BUILD_IMAGE)")
base_image=$(pinned "$(default_of BASE_IMAGE)")
echo "Building with $build_image on $base_image"

docker buildx create --use --driver docker-container
docker buildx build \
  --platform linux/amd64,linux/arm64 \
  --build-arg "BUILD_IMAGE=$build_image" \
  --build-arg "BASE_IMAGE=$base_image" \
  --build-arg "VERSION=$version" \
  --build-arg "COMMIT=$commit" \
  --annotation "index:org.opencontainers.image.version=$version" \
  --annotation "index:org.opencontainers.image.revision=$commit" \
  --sbom=true \
  --provenance=mode=max \
  --metadata-file metadata.json \
  --tag "$tag" \
  --push .
echo "digest=$(jq -r '."containerimage.digest"' metadata.json)" >>"$GITHUB_OUTPUT"
