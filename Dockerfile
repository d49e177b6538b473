# One image for crawls. Pinned by tag only: the digest could not be known where this was written, so give it when you
# build, once you have seen it: docker build --build-arg PYTHON=python:3.11-slim-bookworm@sha256:… .
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS packages
WORKDIR /build
COPY requirements.txt ./
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --require-virtualenv -r requirements.txt

FROM ${PYTHON} AS base
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# A name for the user: Postgres wants one. Volumes take over whose the folders are.
RUN useradd --uid 10001 --user-group --create-home --shell /usr/sbin/nologin n8n \
    && install -d -o n8n -g n8n /app/exports /app/jobs /app/.n8n_scraper
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY scrapy.cfg ids.txt ./
COPY n8n_scraper ./n8n_scraper
USER 10001
VOLUME ["/app/exports", "/app/jobs", "/app/.n8n_scraper"]
# A crawl tells its metrics every 15 s: without a fresh file it hangs.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["sh", "-c", "test -n \"$(find \"${N8N_SCRAPER_METRICS_TEXTFILE:-exports/runs}\" -maxdepth 2 -name '*.prom' -mmin -2)\""]
ENTRYPOINT ["scrapy"]
CMD ["crawl", "workflows"]

# docker build --target browser: for pages that need one.
FROM base AS browser
USER 0
# hadolint ignore=DL3008 # a security update takes the former version away
RUN apt-get update && apt-get install -y --no-install-recommends chromium && rm -rf /var/lib/apt/lists/*
ENV N8N_SCRAPER_CHROMIUM=/usr/bin/chromium
USER 10001

# Last, so that it is what a build without --target makes.
FROM base AS crawler
