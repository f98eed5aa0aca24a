"""`python -m pathgnn`: the command line."""

from __future__ import annotations

from pathgnn.cli import main

if __name__ == "__main__":
    main()
