"""One module per command.

``add_parser`` puts it on the command line, ``run`` carries out its options, ``measure`` makes the result, and
``report`` turns a result into lines of Markdown.
"""
