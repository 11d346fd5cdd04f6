"""What every request and answer goes through, whatever it is about."""
