"""The pure core: bytes and frozen values in, values or exceptions out; no clock, randomness or I/O."""
