"""The machine: files that are whole or not there, sockets that listen, lines of a log. Whoever runs stands on it."""
