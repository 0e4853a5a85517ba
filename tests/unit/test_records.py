"""Records: canonical, hashed, tamper-evident, strict."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhifu.base.errors import FormatError, Tampered
from openhifu.base.record import Record, canonical_json
from openhifu.model.absorption import Absorption
from openhifu.model.sonication import Sonication

numbers = st.floats(allow_nan=False, allow_infinity=False)


class Pair(Record):
    a: float
    b: tuple[int, ...] = ()


class OtherPair(Record):
    a: float
    b: tuple[int, ...] = ()


@given(numbers, st.lists(st.integers()))
def test_a_document_reads_back_equal(a, b):
    record = Pair(a=a, b=tuple(b))
    again = Pair.from_document(record.to_document(), "test")
    assert again == record
    assert again.content_hash == record.content_hash


def test_canonical_json_does_not_depend_on_key_order_and_refuses_nan():
    assert canonical_json({"b": 1, "a": 0.1}) == canonical_json({"a": 0.1, "b": 1}) == '{"a":0.1,"b":1}'
    with pytest.raises(FormatError, match="finite"):
        canonical_json({"a": math.nan})


def test_records_of_different_kinds_never_share_a_hash():
    assert Pair(a=1.0).content_hash != OtherPair(a=1.0).content_hash


def test_one_changed_digit_is_noticed():
    text = Pair(a=1.5, b=(1, 2)).to_document().replace("1.5", "1.6")
    with pytest.raises(Tampered, match="changed after"):
        Pair.from_document(text, "plan.json")


def test_unknown_keys_missing_keys_and_newer_schemas_are_refused():
    body = json.loads(Pair(a=1.0).to_document())
    with pytest.raises(FormatError, match="newer"):
        Pair.from_document(json.dumps({**body, "schema": 99}), "p")
    with pytest.raises(FormatError, match="extra"):
        Pair.from_document(json.dumps({**body, "data": {**body["data"], "extra": 1}}), "p")
    with pytest.raises(FormatError, match="a: Field required"):
        Pair.from_document(json.dumps({**body, "data": {}}), "p")
    with pytest.raises(FormatError, match="not a Pair"):
        Pair.from_document(OtherPair(a=1.0).to_document(), "p")
    with pytest.raises(FormatError, match="not valid JSON"):
        Pair.from_document("{", "p")


def test_absorption_follows_its_power_law():
    water = Absorption.from_db(0.00217, 2.0)
    assert water.at(2e6) == pytest.approx(4 * water.at(1e6))
    assert Absorption.from_db(8.685889638065035, 1.0).at(1e6) == pytest.approx(100.0)


def sonication(**changes):
    data = {
        "index": 0,
        "slice_index": 0,
        "line_index": 0,
        "focus": (0.0, 0.0, 0.0),
        "acoustic_power": 50.0,
        "on_time": 20.0,
        "cooling_time": 20.0,
        "power_ceiling": 60.0,
        "predicted_peak": 80.0,
    }
    return Sonication.from_data({**data, **changes}, "sonication")


@pytest.mark.parametrize(
    "changes",
    [{"acoustic_power": -1.0}, {"acoustic_power": 61.0}, {"elements_off": (3, 3)}, {"on_time": 0.0}],
)
def test_an_inconsistent_sonication_refuses_itself(changes):
    with pytest.raises(FormatError):
        sonication(**changes)


def test_energy_is_power_times_time():
    assert sonication().energy == 1000.0
