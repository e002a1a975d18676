"""`python -m gateway` is the command too."""

from gateway.cli import main

main(prog_name="sluicegate")
