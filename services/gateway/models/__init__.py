"""All that is known of a model: its rows, its peers and its family."""
