"""Durable history: channels on disk, in SQLite or PostgreSQL."""

from .base import Archive, Kept, SharedArchive, open_archive, open_shared_archive

__all__ = ["Archive", "Kept", "SharedArchive", "open_archive", "open_shared_archive"]
