"""Makes the tiny models; the one part of the demo that imports torch and transformers."""
