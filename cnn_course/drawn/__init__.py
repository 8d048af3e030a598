"""Generators of the embedded data sets: strokes that look like handwriting, rendered hands."""
