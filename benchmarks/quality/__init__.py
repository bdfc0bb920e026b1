"""Quality on public data: one row of a table is one command."""
