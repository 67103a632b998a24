# Both images are arguments, so that a build can pin them by digest or take them from a mirror.
ARG BUILD_IMAGE=docker.io/library/node:22-bookworm-slim
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /work
COPY deno.json deno.lock ./
COPY src ./src
RUN npx -y deno@2.9.6 task compile

FROM ${BASE_IMAGE}
COPY --from=build /work/build/manager /manager
USER 1000:3000
ENTRYPOINT ["/manager"]
