"""`python -m spinodal` is `spinodal`."""

from spinodal.cli import main

main()
