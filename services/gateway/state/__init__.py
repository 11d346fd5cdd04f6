"""What the gateway knows, copied from the bus, and its way back onto it."""
