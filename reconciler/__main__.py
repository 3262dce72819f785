"""`python -m reconciler` is `mailsync`."""

from reconciler.cli import main

main()
