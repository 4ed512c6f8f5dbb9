# Every function as one service, each under its name. With appointments kept in a volume:
#   docker build -t appointments .
#   docker run -p 8080:8080 -v appointments:/app/data \
#     -e STORE=sqlite:data/appointments.db appointments
FROM python:3.13-slim

WORKDIR /app

# First, because it changes least: the layer is made again only where the lock changes.
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY functions functions
COPY shared shared
# What a new SQLite file begins with.
COPY doctors.json ./

# The service cannot write bytecode, and the base image comes without that of the standard library:
# what is not compiled here would be at each start. What cannot be imported ends the build.
RUN python -m compileall -q functions shared
RUN python -c "import uvicorn.main, shared.runtime.all_functions, shared.store.firestore.store, shared.observability.metrics"

# A new volume takes over who may write here; nothing else in the image can be written to.
RUN mkdir -m 1777 data

# By number, so that a platform can tell that it is not root.
USER 65534

# Where Google Cloud says nothing else.
ENV PORT=8080
ENV UVICORN_HOST=0.0.0.0
# Google's load balancers keep idle connections for 600 seconds, and want servers to do so longer
# ("Backend HTTP keepalive timeout"): else a request meets a connection that is just being closed.
ENV UVICORN_TIMEOUT_KEEP_ALIVE=620

# The server replaces the shell, so that SIGTERM reaches it: it then answers what it has, and ends.
CMD ["sh", "-c", "exec uvicorn --factory shared.runtime.all_functions:serve --port $PORT"]
