"""Predict first: a lab's notebook keeps what a student expected, and shows it beside the answer."""

from qkv.errors import QkvError


class Predictions:
    """The predictions of one student in one lab, by the name of the question.

    >>> mine = Predictions()
    >>> mine.predict("share", 0.5, between=(0, 1))
    'kept: 0.5'
    >>> mine.reveal("share", 0.75)
    'you said 0.5, it is 0.75: 0.25 too low'
    """

    def __init__(self):
        """Begin with none."""
        self.said: dict[str, float | str] = {}

    def predict(self, name, value, *, between=None, among=None):
        """Keep a prediction: a number within `between`, or one of the words `among`.

        The first one stays, so that nobody changes theirs after the answer. Raises `QkvError` for
        what is no prediction.
        """
        if among is not None:
            if value not in among:
                raise QkvError(f"{value!r} is no prediction: write one of {', '.join(among)}")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise QkvError(f"{value!r} is no prediction: write a number")
        elif between and not between[0] <= value <= between[1]:
            low, high = between
            raise QkvError(f"{value} cannot be: write a number from {low:g} to {high:g}")
        if name in self.said and self.said[name] != value:
            return f"your first prediction stays: {self.said[name]}"
        self.said[name] = value
        return f"kept: {value}"

    def reveal(self, name, answer):
        """Return what was predicted and what it is. Raises `QkvError` where nobody predicted."""
        if name not in self.said:
            raise QkvError(f"predict first: nothing is kept for {name!r}; run the cell above")
        said = self.said[name]
        if isinstance(said, str):
            return f"you said {said}, it is {answer}" + (": right" if said == answer else "")
        off = round(said - answer, 3)
        how = f"{abs(off):g} too {'high' if off > 0 else 'low'}" if off else "exactly right"
        return f"you said {said:g}, it is {answer:.3g}: {how}"
