import datetime

import pytest

from qkv.data import dates


def test_a_french_date_is_written_as_cldr_says():
    day = datetime.date(2019, 3, 5)
    assert dates.written(day, "full", "fr") == "mardi 5 mars 2019"
    assert dates.written(day, "short", "en") == "3/5/19"
    assert dates.written(day, "yMEd", "en") == "Tue, 3/5/2019"


def test_the_same_seed_gives_the_same_dates_and_another_seed_others():
    small = {"n_train": 50, "n_valid": 5, "n_test": 5}
    assert dates.load(**small) == dates.load(**small)
    assert dates.load(**small) != dates.load(**small, seed=1)


def test_no_day_is_shared_between_the_splits():
    splits = dates.load(n_train=3000)
    targets = [{pair.target for pair in split} for split in splits]
    assert [len(split) for split in splits] == [len(t) for t in targets] == [3000, 500, 1000]
    assert not targets[0] & targets[1]
    assert not (targets[0] | targets[1]) & targets[2]


def test_one_source_has_one_target():
    splits = dates.load(n_train=20_000)
    sources = [pair.source for split in splits for pair in split]
    assert len(set(sources)) == len(sources)


def test_the_target_may_be_another_locale():
    pair = dates.load(1, 1, 1, locale="en", target="fr").train[0]
    months = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
    assert "".join(pair.target).split()[1] in months.split()


def test_an_unknown_locale_and_a_wrong_size_are_named():
    with pytest.raises(ValueError, match="'martian' is no locale"):
        dates.load(locale="martian")
    with pytest.raises(ValueError, match="is no locale"):
        dates.load(target="xx_YY")
    with pytest.raises(ValueError, match="40100 dates"):
        dates.load(n_train=40_000, n_test=50, n_valid=50)
