"""Organs, institutions, posts and the people who hold them: who may do what, and when."""
