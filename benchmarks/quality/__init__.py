"""Quality on real data: tables of rows, each of them one command."""
