# Both images are arguments, so that a build can take them from a mirror. Their digests, of the
# indexes for all architectures, decide; the tags only say what they were found under.
ARG BUILD_IMAGE=docker.io/denoland/deno:debian-2.9.6@sha256:2014dc167ece617ef7e7ba40631ac2234c59e75ce693e7cc2dc2602b3c87859d
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
# SHA-256 of Deno's runtime stub, which is downloaded, as amd64=HASH,arm64=HASH; empty: not checked.
ARG DENORT_SHA256=

# Deno compiles for another machine's architecture on this one.
FROM --platform=${BUILDPLATFORM} ${BUILD_IMAGE} AS build
ARG TARGETARCH
# The commit that `manager version` shows.
ARG COMMIT=
# Hosts of an air-gapped cloud that the executable may connect to, as HOST:PORT,*.DOMAIN:PORT.
ARG ALLOW_HOSTS=
ARG DENORT_SHA256
WORKDIR /work
COPY deno.json deno.lock ./
COPY src ./src
COPY deploy/executable ./deploy/executable
COPY deploy/task ./deploy/task
RUN deno task compile --target "$TARGETARCH" --commit "$COMMIT" --allow-host "$ALLOW_HOSTS" \
  --denort-sha256 "$DENORT_SHA256"

FROM ${BASE_IMAGE}
ARG VERSION=
ARG COMMIT=
LABEL org.opencontainers.image.title="msi-acrpull" \
  org.opencontainers.image.description="Keeps image pull secrets for Azure Container Registries fresh" \
  org.opencontainers.image.source="https://github.com/msi-acrpull/deno" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${COMMIT}"
COPY --from=build /work/build/manager /manager
# Why: deploy/executable/environment.ts.
ENV MALLOC_MMAP_THRESHOLD_=131072
USER 1000:3000
ENTRYPOINT ["/manager"]
