"""The command line: each command is a thin file; the work lies in the rest of the package.

The only package that imports Click. Modules import nothing heavy until their command runs, so
that ``--help`` answers at once.
"""
