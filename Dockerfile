# syntax=docker/dockerfile:1
# Both images are arguments, so that a build pins them by digest or takes them from a mirror.
ARG BUILD_IMAGE=docker.io/denoland/deno:debian-2.9.6
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot

# Deno compiles for another machine's architecture on this one.
FROM --platform=${BUILDPLATFORM} ${BUILD_IMAGE} AS build
ARG TARGETARCH
# The commit that `manager version` shows.
ARG COMMIT=
# Hosts of an air-gapped cloud that the executable may connect to, as HOST:PORT,*.DOMAIN:PORT.
ARG ALLOW_HOSTS=
WORKDIR /work
COPY deno.json deno.lock ./
COPY src ./src
COPY deploy/executable ./deploy/executable
RUN deno task compile --target "$TARGETARCH" --commit "$COMMIT" --allow-host "$ALLOW_HOSTS"

FROM ${BASE_IMAGE}
ARG VERSION=
ARG COMMIT=
LABEL org.opencontainers.image.title="msi-acrpull" \
  org.opencontainers.image.description="Keeps image pull secrets for Azure Container Registries fresh" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${COMMIT}"
COPY --from=build /work/build/manager /manager
USER 1000:3000
ENTRYPOINT ["/manager"]
