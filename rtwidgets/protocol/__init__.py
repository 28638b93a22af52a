"""The wire as data: messages, codec, codes and channel names. No I/O."""
