# One recipe for every service: docker build --build-arg SERVICE=gateway .
FROM node:24-slim AS browser
WORKDIR /app
COPY package.json package-lock.json ./
COPY scripts/vendor scripts/
RUN scripts/vendor

FROM python:3.11-slim
ARG SERVICE
WORKDIR /app
# Dependencies first: the evaluator's are gigabytes and change less often than our code.
COPY pyproject.toml constraints.txt README.md ./
RUN mkdir contracts runtime services localhub cli demo \
 && pip install --no-cache-dir -c constraints.txt ".[${SERVICE}]"
COPY contracts contracts
COPY runtime runtime
COPY boards boards
# Only this service's code: an import that the rules forbid cannot even load.
COPY services/__init__.py services/
COPY services/${SERVICE} services/${SERVICE}
# What the gateway's pages load; a folder that the others never look into.
COPY --from=browser /app/services/gateway/static/vendor services/gateway/static/vendor
ENV SERVICE=${SERVICE} PODIUM_HEALTH_HOST=0.0.0.0 PODIUM_LOG_FORMAT=json
RUN useradd --create-home podium
USER podium
CMD ["sh", "-c", "exec python -m services.${SERVICE}"]
