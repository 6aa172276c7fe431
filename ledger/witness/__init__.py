"""The witness: a server that cosigns any log it is told of, and the client that asks one."""
