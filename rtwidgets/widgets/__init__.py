"""The widgets: one file each, and the relay that carries their frames."""
