# A model as a service on the CPU, without root. TORCH_INDEX is the index of PyTorch's builds for the CPU, as its page
# "Get started" gives it; without it pip takes the default build, which on Linux brings gigabytes for GPUs.
#   docker build --build-arg TORCH_INDEX=… --tag polyhead . && docker run --publish 8000:8000 polyhead
FROM python:3.12-slim AS build
ARG TORCH_INDEX=
WORKDIR /build
RUN python -m venv /opt/polyhead
RUN /opt/polyhead/bin/pip install --no-cache-dir ${TORCH_INDEX:+--index-url $TORCH_INDEX} torch==2.13.0
COPY requirements.txt pyproject.toml README.md LICENSE ./
COPY mtl mtl
RUN /opt/polyhead/bin/pip install --no-cache-dir --constraint requirements.txt ".[serve,fast]"

FROM python:3.12-slim
COPY --from=build /opt/polyhead /opt/polyhead
RUN useradd --create-home --uid 1000 polyhead
USER polyhead
WORKDIR /home/polyhead
ENV PATH=/opt/polyhead/bin:$PATH MTL_HOME=/home/polyhead/data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "mtl", "serve"]
CMD ["starter", "--host", "0.0.0.0", "--port", "8000"]
