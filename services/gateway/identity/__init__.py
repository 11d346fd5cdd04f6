"""Who asks: a name that the Hub has proved, and what it allows."""
