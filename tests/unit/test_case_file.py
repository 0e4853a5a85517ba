"""case.toml: what is written is read back exactly; what is wrong is refused in one sentence."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhifu.base.errors import FormatError
from openhifu.imaging import preset, preset_names, read_case_text, write_case_text
from openhifu.imaging.sections import ImagesSection, organ_of
from openhifu.model.case import Case, Thresholds
from openhifu.model.limits import DoseControl, OrganAtRisk, OrganLimit, Prescription, SiteLimits, Titration
from openhifu.model.target import Ellipsoid, LabelTarget, Sphere

HASH = "0123456789abcdef" * 4
IMAGES = ImagesSection(ct="ct.nii.gz", ct_sha256=HASH, labels="l.nii.gz", label_names="l.csv", labels_sha256=HASH)

any_number = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)
positive = st.floats(min_value=1e-9, max_value=1e9)
not_negative = st.floats(min_value=0, max_value=1e9)
words = st.text(min_size=3, max_size=40)
point = st.tuples(any_number, any_number, any_number)

targets = st.one_of(
    st.builds(Sphere, centre=point, radius=positive),
    st.builds(Ellipsoid, centre=point, semi_axes=st.tuples(positive, positive, positive)),
    st.builds(LabelTarget, label=words),
)
titrations = st.builds(
    Titration,
    test_share=st.floats(min_value=0.01, max_value=0.99),
    test_on_time=positive,
    growth_time=positive,
    reading_share=st.floats(min_value=0.01, max_value=1),
    lowest_scale=st.floats(min_value=0.01, max_value=1),
    highest_scale=st.floats(min_value=1, max_value=10),
    damping=st.floats(min_value=0.01, max_value=1),
)
controls = st.builds(
    DoseControl,
    share=st.floats(min_value=0.1, max_value=2),
    repeat_below=st.floats(min_value=0.1, max_value=1),
    longest=st.floats(min_value=1, max_value=2),
    most_repeats=st.integers(0, 3),
    organ_share=st.floats(min_value=0.1, max_value=1),
)


def steered(prescription: Prescription, control: DoseControl | None) -> Prescription:
    """With control only where there is a titration to go with it."""
    return prescription.model_copy(update={"control": control if prescription.titration else None})


def shortened(prescription: Prescription, share: float | None, steered: int | None) -> Prescription:
    """With exposures that may be shorter or heat several spots, or without."""
    shortest = None if share is None else share * prescription.on_time
    return prescription.model_copy(update={"shortest_on_time": shortest, "steered_spots": steered})


prescriptions = st.builds(
    Prescription,
    goal_cem43=positive,
    coverage=st.floats(min_value=0.01, max_value=1),
    on_time=positive,
    peak_low=st.floats(min_value=38, max_value=90),
    peak_high=st.floats(min_value=38, max_value=99),
    lateral_spacing=positive,
    axial_spacing=positive,
    water_temperature=st.floats(min_value=5, max_value=40),
    pre_cooling=not_negative,
    cooling_time=not_negative,
    breath_hold=words,
    titration=st.none() | titrations,
)
prescriptions = st.builds(steered, prescriptions, st.none() | controls)
prescriptions = st.builds(
    shortened, prescriptions, st.none() | st.floats(min_value=0.01, max_value=1), st.none() | st.integers(2, 9)
)
sites = st.builds(
    SiteLimits,
    acoustic_power=positive,
    spot_energy=positive,
    total_energy=positive,
    on_time=positive,
    peak_temperature=st.floats(min_value=38, max_value=100),
    treatment_time=positive,
)
thresholds = st.builds(
    Thresholds,
    gas_below=st.floats(min_value=-1000, max_value=-300),
    fat_below=st.floats(min_value=-200, max_value=0),
    bone_above=st.floats(min_value=100, max_value=1000),
    bone_reach=not_negative,
    cortical_above=st.floats(min_value=100, max_value=1000),
    skin_thickness=not_negative,
)


@st.composite
def organs(draw: st.DrawFn) -> tuple[OrganAtRisk, ...]:
    return tuple(
        OrganAtRisk(
            name=name,
            labels=tuple(draw(st.lists(words, max_size=2))),
            tissues=tuple(draw(st.lists(words, max_size=2))),
            distance_min=draw(not_negative),
            limit=OrganLimit(
                organ=name,
                cem43_max=draw(positive),
                resume_below=draw(st.floats(min_value=37.5, max_value=59)),
                source=draw(words),
            ),
        )
        for name in draw(st.lists(words, max_size=3, unique=True))
    )


cases = st.builds(
    Case,
    name=words,
    pseudonym=words,
    image=st.just(HASH),
    labels=st.just(HASH),
    target=targets,
    organs=organs(),
    device=words,
    prescription=prescriptions,
    site=sites,
    thresholds=thresholds,
    label_tissues=st.dictionaries(words, words, max_size=3).map(lambda d: tuple(d.items())),
    background=words,
    notes=st.text(max_size=80),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases)
def test_reading_what_was_written_gives_the_very_same_record(case: Case) -> None:
    text = write_case_text(case, IMAGES)
    back = read_case_text(text, "case.toml").case("case.toml")
    assert back == case
    assert back.content_hash == case.content_hash


def example() -> Case:
    start = preset("liver")
    return Case(
        name="example",
        pseudonym="nobody",
        image=HASH,
        labels=HASH,
        target=Sphere(centre=(-0.071781, -0.028966, -0.25), radius=0.011),
        organs=tuple(organ_of(section, "liver") for section in start.organ),
        device="jc200-like",
        prescription=Prescription.from_data(start.prescription.to_si(), "liver"),
        site=SiteLimits.from_data(start.site.to_si(), "liver"),
        thresholds=Thresholds.from_data(start.thresholds.to_si(), "liver"),
        label_tissues=tuple(start.label_tissues.items()),
        background="water",
    )


def test_the_file_speaks_clinical_units() -> None:
    text = write_case_text(example(), IMAGES)
    for line in ("centre_mm = [-71.781, -28.966, -250]", "radius_mm = 11", "treatment_time_min = 180"):
        assert line in text.splitlines()
    assert "total_energy_kj = 150" in text
    assert example().site.total_energy == 150e3
    assert example().site.treatment_time == 180 * 60
    assert math.isclose(example().prescription.lateral_spacing, 4.4e-3, rel_tol=0)


@pytest.mark.parametrize("name", preset_names())
def test_presets_hold_what_they_should(name: str) -> None:
    start = preset(name)
    prescription = Prescription.from_data(start.prescription.to_si(), name)
    assert prescription.goal_cem43 == 240
    assert prescription.peak_high < 100
    Thresholds.from_data(start.thresholds.to_si(), name)
    SiteLimits.from_data(start.site.to_si(), name)
    for section in start.organ:
        assert len(organ_of(section, name).limit.source) > 10


def test_a_preset_has_the_rest_of_another() -> None:
    part, whole = preset("fibroid-part"), preset("fibroid")
    assert (part.organ, part.thresholds, part.label_tissues) == (whole.organ, whole.thresholds, whole.label_tissues)
    assert part.prescription.lateral_spacing_mm < whole.prescription.lateral_spacing_mm


def test_the_pelvis_preset_reads_labels_as_the_livers_does() -> None:
    assert preset("pelvis").label_tissues == preset("liver").label_tissues
    assert preset("pelvis").label_tissues["gluteus_*"] == "muscle"


def test_the_liver_preset_guards_ribs_cartilage_and_skin() -> None:
    limits = {s.name: organ_of(s, "liver").limit.cem43_max for s in preset("liver").organ}
    assert limits["ribs"] == limits["cartilage"] == 16
    assert limits["skin"] == 21
    assert limits["fat"] == limits["muscle"] == 40


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("device =", "devise =", "case.toml: the record: unknown key 'devise'; nearest: device"),
        ("radius_mm = 11", "radius = 11", "unknown key 'radius'; nearest: radius_mm"),
        ("radius_mm = 11", "radius_mm = -11", "target.sphere.radius_mm: .* greater than 0"),
        ("radius_mm = 11", "radius_mm = nan", "finite"),
        ("radius_mm = 11", 'radius_mm = "11"', "radius_mm"),
        ("schema = 1", "schema = 2", "case.toml has schema 2, this program knows up to 1"),
        ("schema = 1", "", "case.toml does not state its form"),
        ("schema = 1", "schema = ", "case.toml is not valid TOML"),
        ("acoustic_power_w = 400", "acoustic_power_w = -400", "site.acoustic_power_w: .* greater than 0"),
        ('kind = "sphere"', 'kind = "cube"', "cube"),
        ("water_temperature_c = 25", "water_temperature_c = 90", "water_temperature"),
        ("fat_below_hu = -20", "fat_below_hu = -500", "HU classes must rise"),
        ("resume_below_c = 42", "resume_below_c = 30", "organ 'ribs'.*resume_below"),
        ('name = "skin"', 'name = "fat"', "must have different names"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(old: str, new: str, said: str) -> None:
    text = write_case_text(example(), IMAGES).replace(old, new, 1)
    with pytest.raises(FormatError, match=said) as refusal:
        read_case_text(text, "case.toml").case("case.toml")
    assert str(refusal.value).startswith("case.toml")
    assert "\n" not in str(refusal.value)
