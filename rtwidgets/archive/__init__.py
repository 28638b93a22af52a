"""Durable history: channels on disk, in SQLite or PostgreSQL."""

from .base import Archive, Kept, open_archive

__all__ = ["Archive", "Kept", "open_archive"]
