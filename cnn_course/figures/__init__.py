"""Figures that one lesson shows: data in, Picture out."""
