# keywatch for servers: the store is ClickHouse over the network, so the embedded engine (546 MB, an optional dependency) stays out.
# docker build -t keywatch .
ARG NODE=24-slim

FROM node:${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Scripts of packages do not run.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build
# The compression codecs of Kafka are optional packages as well, and stay.
RUN npm prune --omit=dev --ignore-scripts && rm -rf node_modules/chdb node_modules/@chdb node_modules/node-linux-*
# Reading one record writes the table of network owners, which a read-only root could not keep.
RUN echo '{}' | node dist/main.js normalize - > /dev/null

FROM node:${NODE}
# Whoever started it waits for its children too: the runtime's init (docker run --init, compose init: true) reaps them.
ENV NODE_ENV=production KEYWATCH_DATA=/var/lib/keywatch
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY schemas/sql schemas/sql
COPY detect/cases/built_in detect/cases/built_in
COPY package.json LICENSE ./
# What belongs to this machine (the pepper where none is given, the command socket); mount a volume, or tmpfs with KEYWATCH_PEPPER set.
RUN mkdir -m 700 /var/lib/keywatch && chown node:node /var/lib/keywatch
VOLUME /var/lib/keywatch
USER node
EXPOSE 8686
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8686/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js", "--config", "/etc/keywatch/keywatch.yaml"]
CMD ["serve"]
