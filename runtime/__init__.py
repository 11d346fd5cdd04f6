"""What every service process runs on: bus, topology, embedded nats-server, logs, settings."""
