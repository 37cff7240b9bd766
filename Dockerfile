# The client library of Kafka is C: the build needs a compiler, the result glibc.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
RUN go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /urncast ./cmd/urncast

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin urncast
COPY --from=build /urncast /usr/local/bin/urncast
USER 10001
ENV URNCAST_HTTP=0.0.0.0:8080
EXPOSE 8080
# It asks /healthz, where URNCAST_HTTP says, over HTTPS if URNCAST_TLS_CERT is set.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["urncast", "health"]
ENTRYPOINT ["urncast"]
CMD ["serve"]
