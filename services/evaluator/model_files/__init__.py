"""What a repository holds: checked and loaded part by part. `loading` puts the parts together."""
