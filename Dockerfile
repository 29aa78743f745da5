# One image for every role; the command says which. Built from the lock file, runs without root.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/proctoring
COPY requirements.lock ./
RUN /opt/proctoring/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY proctoring proctoring
COPY capture capture
COPY storage storage
COPY review_ui review_ui
COPY retention retention
RUN /opt/proctoring/bin/pip install --no-cache-dir "setuptools>=80" \
 && /opt/proctoring/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 proctoring && install -d -o proctoring -m 0755 /data
COPY --from=build /opt/proctoring /opt/proctoring
ENV PATH=/opt/proctoring/bin:$PATH PYTHONUNBUFFERED=1 PROCTORING_DATA=/data
USER proctoring
ENTRYPOINT ["proctoring"]
CMD ["serve"]
