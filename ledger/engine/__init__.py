"""The writer: store, tree, sequencer, recovery, fsck. One process owns it."""
