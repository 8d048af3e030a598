"""``python -m cnn_utils``: see :mod:`cnn_utils.cli`."""

from .cli import main

raise SystemExit(main())
