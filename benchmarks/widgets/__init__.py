"""Widgets of notebooks side by side in JupyterLab; `make bench-widgets`."""
