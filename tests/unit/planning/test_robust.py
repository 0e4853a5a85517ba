"""Draws of a robustness study, its bands, and its ranking of influences."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, shift, spline_filter

from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.outcome import Verdict
from openhifu.model.band import band_findings
from openhifu.model.limits import BandLimits
from openhifu.model.medium import Medium
from openhifu.model.plan import OrganPrediction, Prediction, TreatmentPlan
from openhifu.model.pose import Pose
from openhifu.model.robustness import OrganOutcome, Robustness, ScenarioOutcome, Uncertainty
from openhifu.model.tissue import Known
from openhifu.model.tissuemap import TissueMap
from openhifu.planning.robust.outcome import corrected
from openhifu.planning.robust.scenario import Scenario, draw
from openhifu.planning.robust.sensitivity import influences
from openhifu.planning.robust.study import gathered
from openhifu.planning.robust.transfer import splines_moved
from tests.unit.delivery.bench import plan as small_plan

GIVEN = Uncertainty(position=1e-3, breathing=2e-3, power=0.05, source="test")
POSE = Pose(focus=(0.0, 0.0, 0.0), direction=(0.0, -1.0, 0.0))


def layers() -> Medium:
    grid = Grid.box((0, 0, 0), (3e-3, 1e-3, 1e-3), 1e-3, Frame.PATIENT)
    data = np.zeros(grid.shape, np.uint8)
    data[1], data[2] = 1, 2
    return Medium.from_map(TissueMap(grid, data, ("water", "liver", "fat")))


def drawn(number: int, given: Uncertainty = GIVEN, seed: int = 3) -> Scenario:
    return draw(layers(), POSE, 5, given, seed, number)


def test_a_scenario_depends_on_seed_and_number_alone() -> None:
    one, again, other = drawn(4), drawn(4), drawn(5)
    assert one.inputs == again.inputs
    assert np.array_equal(one.motion, again.motion)
    assert one.inputs != other.inputs != drawn(5, seed=4).inputs


def test_errors_have_the_mean_that_was_given_and_none_where_none_was() -> None:
    many = [drawn(n) for n in range(600)]
    lengths = [float(np.linalg.norm(s.offset)) for s in many]
    assert abs(np.mean(lengths) - 1e-3) < 4 * np.std(lengths) / np.sqrt(600)
    breath = [next(v for name, _, v in s.inputs if name == "breathing") for s in many]
    assert abs(np.mean(breath) - 2e-3) < 4 * np.std(breath) / np.sqrt(600)
    assert all(np.abs(s.motion[:, 2]).max() <= b for s, b in zip(many, breath, strict=True))
    powers = [s.power for s in many]
    assert abs(np.std(powers) - 0.05) < 0.006
    still = drawn(1, Uncertainty(position=0, breathing=0, power=0, source="test"))
    assert still.offset == (0.0, 0.0, 0.0) and not still.motion.any() and still.power == 1.0
    assert all(" of " in name for name, _, _ in still.inputs)


def test_every_drawn_value_stays_within_its_published_range() -> None:
    medium = layers()
    for tissue in drawn(7).tissues.values():
        known = {t.name: t for t in medium.tissues}[tissue.name].values
        for prop, value in tissue.values.items():
            published = known[prop]
            if isinstance(value, Known) and isinstance(published, Known):
                assert published.low <= value.nominal <= published.high


def outcome(number: int, coverage: float, dose: float, inputs: tuple[float, ...] = ()) -> ScenarioOutcome:
    return ScenarioOutcome(
        number=number,
        seed=number,
        coverage=coverage,
        peak_temperature=80.0,
        treatment_time=600.0,
        energy=5000.0,
        scale=1.0,
        organs=tuple(
            OrganOutcome(organ=o.name, peak_temperature=40.0, cem43_max=dose) for o in planned().organs
        ),
        inputs=inputs,
    )  # fmt: skip


def planned() -> TreatmentPlan:
    """The delivery tests' plan with predictions for its organs."""
    bare = small_plan()
    organs = tuple(
        OrganPrediction(organ=o.name, peak_temperature=40.0, cem43_max=1.0, volume_over_limit=0.0) for o in bare.organs
    )
    expected = Prediction(
        target_volume=1e-6,
        ablated_target_volume=0.95e-6,
        ablated_volume=1e-6,
        peak_temperature=80.0,
        treatment_time=600.0,
        energy=5000.0,
        organs=organs,
    )
    return bare.model_copy(update={"prediction": expected})


def study_of(outcomes: list[ScenarioOutcome], plan: TreatmentPlan | None = None) -> Robustness:
    scenarios = [drawn(n) for n in range(len(outcomes))]
    inputs = tuple(0.0 for _ in scenarios[0].inputs)
    full = [o.model_copy(update={"inputs": o.inputs or inputs}) for o in outcomes]
    return gathered(plan or planned(), GIVEN, 3, scenarios, outcome(-1, 0.95, 1.0), full)


def test_bands_are_percentiles_whatever_the_order_in_which_scenarios_finish() -> None:
    outcomes = [outcome(n, n / 100, 1.0) for n in range(101)]
    found = study_of(outcomes[::-1]).band("target coverage")
    assert found is not None
    assert (found.low, found.median, found.high) == (0.05, 0.5, 0.95)
    assert found.nominal == planned().prediction.coverage
    assert study_of(outcomes) == study_of(outcomes[::-1])


def verdicts(study: Robustness, plan: TreatmentPlan) -> dict[str, Verdict]:
    return {f.check: f.verdict for f in band_findings(plan, study)}


def test_the_band_and_not_the_nominal_number_is_held_against_the_limit() -> None:
    plan = planned()
    wanted = plan.prescription.coverage
    good = study_of([outcome(n, wanted + 0.01, 1.0) for n in range(20)])
    few = [outcome(n, wanted + 0.01 if n > 2 else wanted / 2, 1.0) for n in range(20)]
    assert verdicts(good, plan)["band of target coverage"] is Verdict.OK
    assert verdicts(study_of(few), plan)["band of target coverage"] is Verdict.ERROR
    assert plan.prediction.coverage >= wanted


def test_one_hot_scenario_in_ten_is_over_an_organs_limit() -> None:
    plan = planned()
    organ = plan.organs[0]
    hot = [outcome(n, 1.0, (2 if n % 10 == 0 else 0.1) * organ.limit.cem43_max) for n in range(40)]
    assert verdicts(study_of(hot), plan)[f"band of dose of {organ.name}"] is Verdict.ERROR
    rule = BandLimits(coverage=0.5, organ_share=2.5, peak_temperature=98, scenarios=40)
    lenient = plan.model_copy(update={"site": plan.site.model_copy(update={"band": rule})})
    assert verdicts(study_of(hot, lenient), lenient)[f"band of dose of {organ.name}"] is Verdict.OK
    assert verdicts(study_of(hot[:39], lenient), lenient)["scenarios"] is Verdict.ERROR


def test_a_site_without_a_rule_for_bands_keeps_its_hash() -> None:
    assert "band" not in planned().site.data()


def test_organs_of_the_coarse_grid_come_to_the_plans_own_figures_where_nothing_is_drawn() -> None:
    plan = planned()
    base = outcome(-1, 0.95, 4.0)
    assert [o.cem43_max for o in corrected(base, base, plan).organs] == [1.0] * len(plan.organs)
    hotter = base.model_copy(
        update={"organs": tuple(o.model_copy(update={"peak_temperature": 43.0}) for o in base.organs)}
    )
    assert [o.cem43_max for o in corrected(hotter, base, plan).organs] == [0.25] * len(plan.organs)


def told(figure: np.ndarray, values: np.ndarray) -> list[tuple[str, float, bool]]:
    outcomes = tuple(outcome(n, 1.0, 1.0, tuple(row)) for n, row in enumerate(values))
    names = tuple((f"input {n}", "1") for n in range(values.shape[1]))
    return [(i.input, i.correlation, i.certain) for i in influences(outcomes, names, {"figure": figure}, 1)]


def test_the_input_that_a_figure_follows_comes_first_and_is_certain() -> None:
    values = np.random.default_rng(1).standard_normal((64, 6))
    found = told(-np.exp(values[:, 4]), values)
    assert found[0][0] == "input 4" and abs(found[0][1] + 1) < 1e-12 and found[0][2]
    assert not any(certain for _, _, certain in found[1:])


def test_idle_inputs_are_rarely_called_certain() -> None:
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(60):
        found = told(rng.standard_normal(40), rng.standard_normal((40, 20)))
        wrong += any(certain for _, _, certain in found)
    assert wrong <= 9  # 5 % expected: 3 of 60; ten or more in one of a thousand such runs


def test_a_figure_that_never_changes_goes_along_with_nothing() -> None:
    found = told(np.ones(20), np.random.default_rng(3).standard_normal((20, 3)))
    assert [c for _, c, _ in found] == [0.0, 0.0, 0.0] and not any(certain for _, _, certain in found)


def test_too_few_scenarios_rank_nothing() -> None:
    assert told(np.arange(4.0), np.random.default_rng(3).standard_normal((4, 3))) == []


def test_spline_coefficients_move_as_an_image_is_moved() -> None:
    blob = gaussian_filter(np.pad(np.ones((2, 3, 2), np.float32), 12), 1.5)
    coefficients = np.asarray(spline_filter(blob, order=3, mode="mirror"), np.float32)
    for by in ((0.0, 0.0, 0.0), (0.3, -1.7, 2.0), (-0.9, 0.5, 0.01)):
        found = splines_moved(coefficients, np.array(by))
        assert np.abs(found - shift(blob, by, order=3, mode="nearest")).max() < 1e-4 * blob.max()
