"""Recipes: folders of data in the library's own layout, generated here or converted from public datasets."""
