"""Published test vectors, and a second implementation of the protocol that checks them.

What stands here was written from docs/protocol.md with the standard library and libsodium's primitives alone: nothing
imports the ledger's own code. It reads the tables of messages from the document itself.
"""
