"""What can go wrong for a user, one class per exit code of the command line."""

from __future__ import annotations

__all__ = ["InputError", "ModelError", "OutputError", "RealreachError", "RefusedError", "UsageError"]


class RealreachError(Exception):
    """Base class: a mistake that the user can mend, told in one to three lines."""

    exit_code = 1


class UsageError(RealreachError, ValueError):
    """A flag, a setting or an argument is wrong."""

    exit_code = 2


class InputError(RealreachError, ValueError):
    """A file or table cannot be used as a whole."""

    exit_code = 3


class ModelError(RealreachError):
    """A model folder is missing, damaged, unsafe or does not fit this version."""

    exit_code = 4


class OutputError(RealreachError, OSError):
    """A result cannot be written."""

    exit_code = 5


class RefusedError(RealreachError):
    """A gate refused: nothing is wrong with the command, but the model may not go where it should."""

    exit_code = 6
