"""What moderators decide, and the messages that only they can set right."""
