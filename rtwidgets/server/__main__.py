"""Run the hub with `python -m rtwidgets.server`."""

from .cli import main

main(prog_name="python -m rtwidgets.server")
