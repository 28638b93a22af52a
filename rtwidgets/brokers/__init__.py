"""Brokers that hubs share: what orders, keeps and spreads publications between them."""

from .address import open_broker

__all__ = ["open_broker"]
