"""The one error that a user of the book or the grader can mend."""


class QkvError(ValueError):
    """A user's mistake, told in one sentence: what was wrong, with its value, and what to do.

    The command line shows the sentence alone. Any other exception is a bug and keeps its traceback.
    """
