"""The rule book, asked without a bus: `podium check`."""
