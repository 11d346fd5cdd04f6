"""What waits and what runs, who serves it, and when each turn comes."""
