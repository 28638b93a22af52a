"""The hub as a process: a Starlette app, its settings and its command line."""
