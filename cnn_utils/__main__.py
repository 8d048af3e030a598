"""`python -m cnn_utils`: see cli.py."""

from .cli import main

raise SystemExit(main())
