# klink and the libraries it loads, nothing else: no shell, no package manager, no root.
#   docker build -t klink:0.1.0 .
FROM debian:bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git
WORKDIR /src
COPY . .
RUN ./x build release && .ci/closure build/release/klink /out

FROM scratch
COPY --from=build /out /
COPY --from=build --chown=65532:65532 /out/var/lib/klink /var/lib/klink
ENV PATH=/usr/bin
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/klink"]
CMD ["run"]
LABEL org.opencontainers.image.title="klink" \
      org.opencontainers.image.description="Mirrors Kafka topics between clusters, byte for byte, at the same offsets" \
      org.opencontainers.image.licenses="Apache-2.0"
