# All functions as one service, each under its name. To keep appointments in a volume:
#   docker build -t appointments .
#   docker run -p 127.0.0.1:8080:8080 -v appointments:/app/data \
#     -e STORE=sqlite:data/appointments.db -e AUTH=none appointments
# AUTH=none lets everybody who can connect do everything; docs/authentication.md has the other ways.
FROM python:3.13-slim

WORKDIR /app

# First, because it changes least: only a changed lock rebuilds this layer.
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY functions functions
COPY shared shared
COPY public public
# The headers of public files.
COPY firebase.json ./
# The doctors of a new SQLite file.
COPY doctors.json ./

# The service cannot write bytecode, and the base image has none for the standard library: modules
# that are not compiled here would be compiled at each start. A failed import ends the build.
RUN python -m compileall -q functions shared
RUN python -c "import uvicorn.main, shared.runtime.container, shared.store.firestore.store, shared.store.firestore.grpc_credentials, shared.store.postgresql.store, google.auth.transport.requests, google.auth.compute_engine, shared.directory.clinic_file, shared.observability.metrics, shared.access.token_authentication, shared.notifications.webhooks, shared.notifications.pubsub, shared.notifications.mail.smtp, shared.notifications.mail.documents, httpcore, icalendar"

# A new volume inherits these permissions; nothing else in the image is writable.
RUN mkdir -m 1777 data

# A number, so that a platform can see that it is not root.
USER 65534

# The default; Google Cloud sets its own.
ENV PORT=8080
ENV UVICORN_HOST=0.0.0.0
# Google's load balancers keep idle connections for 600 seconds, and servers must keep them longer
# ("Backend HTTP keepalive timeout"), or a request meets a connection that is just being closed.
ENV UVICORN_TIMEOUT_KEEP_ALIVE=620

# The server replaces the shell, so that SIGTERM reaches it: it answers its requests, then ends.
CMD ["sh", "-c", "exec uvicorn --factory shared.runtime.container:serve --http shared.runtime.http_protocol:HttpProtocol --port $PORT"]
