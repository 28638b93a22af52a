"""The kernel's side: one background thread with its own event loop, and a synchronous API over it."""
