"""What `podium import` reads, and how it becomes events."""
