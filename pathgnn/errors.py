"""The errors a user can meet; each message says what is wrong, where, and what to do."""

from __future__ import annotations


class PathgnnError(Exception):
    """Anything wrong with what the user gave; the command line prints it and exits with 2."""


class CohortError(PathgnnError):
    """The patients, measurements, treatment or outcome cannot be used as given."""


class GraphError(PathgnnError):
    """The graph, its identifiers or its overlap with the cohort cannot be used as given."""


class ConfigError(PathgnnError):
    """A setting or study file is wrong."""


class BundleError(PathgnnError):
    """A saved model or run folder cannot be read back."""


class RefusedError(PathgnnError):
    """The data do not support the estimate: a safeguard refuses to print a benefit."""


class StorageError(PathgnnError):
    """A file cannot be written: a full disk, a read-only folder, a quota."""
