"""The notebook's side of each: a function `chart` and a function `table` that make the widget and feed it."""
