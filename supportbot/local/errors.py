"""The one error of the embedded stack."""


class StackError(Exception):
    """What went wrong and what to do about it, in plain sentences to be shown as they are."""
