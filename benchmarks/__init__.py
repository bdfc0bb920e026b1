"""Measurements behind the tables of the README. Not part of the package."""
