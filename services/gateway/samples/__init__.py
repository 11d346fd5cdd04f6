"""What a model was asked and what it answered."""
