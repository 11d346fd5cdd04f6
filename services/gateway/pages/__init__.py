"""The pages: HTML, and the parts of it that a browser fetches again when something changes."""
