# One image for every role; the command says which. Built from the lock files, runs without root and without a compiler.
FROM python:3.13-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /build
RUN python -m venv /opt/proctoring && python -m venv /opt/build && python -m venv /opt/sbom
COPY requirements.lock requirements-build.lock requirements-sbom.lock ./
RUN /opt/proctoring/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock \
 && /opt/sbom/bin/pip install --no-cache-dir --require-hashes -r requirements-sbom.lock
COPY pyproject.toml setup.py README.md LICENSE ./
# What is in the image, of Python: as `make sbom` makes it.
RUN mkdir -p /opt/proctoring/share && /opt/sbom/bin/cyclonedx-py requirements --pyproject pyproject.toml \
    --mc-type application --output-reproducible --of JSON \
    --output-file /opt/proctoring/share/sbom.cdx.json requirements.lock
COPY proctoring proctoring
COPY capture capture
COPY storage storage
COPY review_ui review_ui
COPY retention retention
# Last, that it was compiled: without a compiler the build goes through, for a slower service.
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/proctoring/bin/pip install --no-cache-dir --no-deps dist/*.whl \
 && ls /opt/proctoring/lib/python*/site-packages/capture/*__mypyc*.so

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 proctoring && install -d -o proctoring -m 0755 /data
COPY --from=build /opt/proctoring /opt/proctoring
ENV PATH=/opt/proctoring/bin:$PATH PYTHONUNBUFFERED=1 PROCTORING_DATA=/data
USER proctoring
ENTRYPOINT ["proctoring"]
CMD ["serve"]
