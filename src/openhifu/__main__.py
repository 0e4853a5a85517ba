"""``python -m openhifu`` is the ``openhifu`` command."""

from openhifu.console.cli import main

if __name__ == "__main__":
    main()
