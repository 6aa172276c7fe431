"""One self-contained HTML page of a completeness report: no script, nothing from the network."""
