"""Reads a study's CSV files, summarizes them over seeds, and draws them."""
