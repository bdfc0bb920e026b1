"""`python -m tfmmrec` is the command `tfmmrec`."""

from tfmmrec.cli import main

if __name__ == "__main__":
    main()
