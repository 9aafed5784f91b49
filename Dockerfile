# One image, every level: what a node is told comes from its data volume (/data) and BIANMIN_* variables.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml setup.cfg README.md LICENSE ./
COPY config ./config
COPY demo ./demo
COPY federation ./federation
COPY node ./node
RUN python -m venv /opt/bianmin && /opt/bianmin/bin/pip install --no-cache-dir ".[postgres]"

FROM python:3.11-slim
RUN useradd --system --create-home --uid 10001 bianmin && install -d -o bianmin -m 0700 /data
COPY --from=build /opt/bianmin /opt/bianmin
ENV PATH=/opt/bianmin/bin:$PATH PYTHONDONTWRITEBYTECODE=1 \
    BIANMIN_DATA_DIR=/data BIANMIN_LISTEN_HOST=0.0.0.0 BIANMIN_LISTEN_PORT=8604
USER bianmin
WORKDIR /data
VOLUME /data
EXPOSE 8604
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8604/healthz', timeout=4)"]
ENTRYPOINT ["bianmin"]
CMD ["serve"]
