"""Servers of other makers, each in the form its documentation recommends for speed."""
