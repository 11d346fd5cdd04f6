"""A request once it is made: where it stands, what happened to it and what can be done."""
