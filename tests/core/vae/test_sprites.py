"""Catches sprites that jump, leave their frame, or differ from one machine to the next."""

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.vae import sprites
from core.vae.sprites import PERIODS, POSITIONS, SIDE, SIZES, Factors

SQUARE, DISC, TRIANGLE = range(3)

places = st.floats(*POSITIONS)
sizes = st.floats(*SIZES)
turns = st.floats(-7.0, 7.0)
shapes = st.sampled_from(range(3))
on_a_busy_machine = settings(deadline=None)
causes = st.tuples(places, places, sizes, turns)


def one(shape, x=14.0, y=14.0, size=4.0, orientation=0.0):
    return Factors(
        shape=np.array([shape], np.uint8),
        x=np.array([x], float),
        y=np.array([y], float),
        size=np.array([size], float),
        orientation=np.array([orientation], float),
    )


@pytest.fixture(scope="module")
def many():
    return sprites.sample_factors(1500, seed=5)


@pytest.fixture(scope="module")
def ink(many):
    return sprites.coverage(many).reshape(-1, SIDE, SIDE)


def moment(ink, x, y, power):
    """Sum of ink times (right + i up)^power, as seen from (x, y)."""
    centres = np.arange(SIDE) + 0.5
    place = (centres[None, :] - x) + 1j * (y - centres[:, None])
    return (ink * place**power).sum()


class TestDraw:
    def test_gives_the_same_bytes_everywhere(self):
        """
        The images of a thousand fixed draws have the checksum they had when they were made.
        """
        images = sprites.draw(sprites.sample_factors(1000, seed=1))

        assert hashlib.sha256(images.tobytes()).hexdigest() == GOLDEN

    def test_does_not_depend_on_the_company(self, many):
        """
        An image is the same drawn alone or among others.
        """
        together = sprites.draw(many)

        for row in (0, 255, 256, 1499):
            np.testing.assert_array_equal(
                sprites.draw(many[row : row + 1])[0], together[row], strict=True
            )

    def test_rounds_the_ink_to_a_byte(self, many):
        """
        A byte is off the exact ink by half a level at most, and both ends are reached.
        """
        images = sprites.draw(many)

        assert images.dtype == np.uint8
        assert (images.min(), images.max()) == (0, 255)
        assert np.abs(images / 255 - sprites.coverage(many)).max() <= 0.5 / 255 + 1e-12

    def test_draws_nothing_from_nothing(self):
        """
        No factors give no images.
        """
        assert sprites.draw(sprites.sample_factors(0, seed=0)).shape == (0, SIDE * SIDE)

    @on_a_busy_machine
    @given(shapes, st.sampled_from(POSITIONS), st.sampled_from(POSITIONS), turns)
    def test_stays_inside_the_frame(self, shape, x, y, orientation):
        """
        The largest shape in any corner of the range leaves the outermost pixels empty.
        """
        image = sprites.coverage(one(shape, x, y, SIZES[1], orientation)).reshape(SIDE, SIDE)

        assert image.sum() > 80
        image[1:-1, 1:-1] = 0
        assert not image.any()


class TestCoverage:
    def test_agrees_with_a_finer_grid(self, many, ink):
        """
        Counting 256 points per pixel inside the polygon gives nearly the same picture.
        """
        fine = (np.arange(16 * SIDE) + 0.5) / 16
        for row in range(60):
            factors = many[row : row + 1]
            right, up = np.meshgrid(fine - factors.x, factors.y - fine)
            if factors.shape == DISC:
                inside = np.hypot(right, up) <= factors.size
            else:
                corners = corners_of(factors)
                following = np.roll(corners, -1)
                place = right + 1j * up
                # Left of every side, going round against the clock.
                inside = np.logical_and.reduce(
                    [
                        ((b - a).conjugate() * (place - a)).imag >= 0
                        for a, b in zip(corners, following, strict=True)
                    ]
                )
            counted = inside.reshape(SIDE, 16, SIDE, 16).mean(axis=(1, 3))

            assert np.abs(counted - ink[row]).max() < 0.35  # at a triangle's corner
            assert np.abs(counted - ink[row]).mean() < 0.005

    def test_holds_the_ink_that_the_size_says(self, many, ink):
        """
        The ink of an image is pi size^2, to four percent, whatever the shape and its place.
        """
        np.testing.assert_allclose(ink.sum(axis=(1, 2)), math.pi * many.size**2, rtol=0.04)

    def test_gives_the_factors_back(self, many, ink):
        """
        Centre and orientation can be read off the moments of the ink: nothing is lost.
        """
        for row in range(len(many)):
            x, y, turn = many.x[row], many.y[row], many.orientation[row]
            shape, total = many.shape[row], ink[row].sum()
            assert abs(moment(ink[row], x, y, 1)) / total < 0.08

            if shape != DISC:
                # A shape with n corners has its first uneven moment at n.
                corners = {SQUARE: 4, TRIANGLE: 3}[int(shape)]
                at_rest = {SQUARE: -1, TRIANGLE: -1j}[int(shape)]  # (corner / |corner|)^n
                turned = moment(ink[row], x, y, corners) / at_rest
                assert abs(np.angle(turned * np.exp(-1j * corners * turn))) < 0.25

    @on_a_busy_machine
    @given(
        shapes, st.tuples(places, places, sizes, turns), st.tuples(places, places, sizes, turns)
    )
    def test_is_continuous(self, shape, start, end):
        """
        No pixel changes by more than the shape moves, wherever it goes, however it turns.
        """
        before, after = (sprites.coverage(one(shape, *factors)) for factors in (start, end))

        moved = np.abs(np.subtract(end, start))
        most = math.hypot(moved[0], moved[1]) + moved[2] + 9 * moved[3]
        assert np.abs(after - before).max() <= most + 1e-9

    @on_a_busy_machine
    @given(shapes, causes, st.integers(0, 3))
    def test_feels_every_small_change(self, shape, factors, which):
        """
        A step of a hundredth changes the image, but for a disc's orientation.
        """
        moved = list(factors)
        middle = (14.0, 14.0, 4.2, 0.0)[which]
        moved[which] += 0.01 if moved[which] < middle else -0.01
        change = np.abs(
            sprites.coverage(one(shape, *moved)) - sprites.coverage(one(shape, *factors))
        ).sum()

        if shape == DISC and which == 3:
            assert change < 1e-9
        else:
            assert change > 1e-3

    @on_a_busy_machine
    @given(shapes, places, places, sizes, turns)
    def test_repeats_after_its_period_and_not_before(self, shape, x, y, size, turn):
        """
        A square comes back after a quarter turn, a triangle after a third, a disc always.
        """
        image = sprites.coverage(one(shape, x, y, size, turn))
        once_round = sprites.coverage(one(shape, x, y, size, turn + PERIODS[shape]))
        np.testing.assert_allclose(once_round, image, atol=1e-9)

        half_way = sprites.coverage(one(shape, x, y, size, turn + PERIODS[shape] / 2))
        difference = np.abs(half_way - image).sum()
        assert difference < 1e-9 if shape == DISC else difference > 2

    def test_stands_upright_at_zero(self):
        """
        At orientation zero a triangle points up and a square is level; turns go left.
        """
        triangle = sprites.coverage(one(TRIANGLE)).reshape(SIDE, SIDE)
        rows = np.flatnonzero(triangle.sum(axis=1))
        assert triangle[rows[0]].sum() < triangle[rows[-1]].sum()
        np.testing.assert_allclose(triangle, triangle[:, ::-1], atol=1e-12)

        square = sprites.coverage(one(SQUARE)).reshape(SIDE, SIDE)
        assert len(set(np.round(square.sum(axis=0), 9))) == 3  # none, an edge, all

        left = sprites.coverage(one(TRIANGLE, orientation=0.3)).reshape(SIDE, SIDE)
        top = left[np.flatnonzero(left.sum(axis=1))[0]]
        assert (top * (np.arange(SIDE) + 0.5)).sum() / top.sum() < 14


class TestSampleFactors:
    def test_is_fixed_by_its_seed(self):
        """
        Equal seeds give equal factors, other seeds others, and fewer give the first of more.
        """
        ten, hundred = (sprites.sample_factors(count, seed=3) for count in (10, 100))
        other = sprites.sample_factors(10, seed=4)

        for name in ("shape", "x", "y", "size", "orientation"):
            assert getattr(ten, name).tobytes() == getattr(hundred[:10], name).tobytes()
            assert getattr(ten, name).tobytes() != getattr(other, name).tobytes()

    def test_is_uniform_and_independent(self):
        """
        Every factor has the moments of a uniform draw and none predicts another (6 s.e.).
        """
        count = 30_000
        factors = sprites.sample_factors(count, seed=2)
        turning = factors.shape != DISC
        unit = np.column_stack(
            [
                (factors.shape + 0.5) / 3,
                (factors.x - POSITIONS[0]) / (POSITIONS[1] - POSITIONS[0]),
                (factors.y - POSITIONS[0]) / (POSITIONS[1] - POSITIONS[0]),
                (factors.size - SIZES[0]) / (SIZES[1] - SIZES[0]),
                factors.orientation / np.where(turning, np.asarray(PERIODS)[factors.shape], 1),
            ]
        )

        assert ((unit >= 0) & (unit < 1)).all()
        assert (factors.orientation[~turning] == 0).all()
        for column in (unit[:, 0], unit[:, 1], unit[:, 2], unit[:, 3], unit[turning, 4]):
            assert abs(column.mean() - 0.5) < 6 * column.std() / math.sqrt(len(column))
        variances = unit[turning][:, 1:].var(axis=0)
        np.testing.assert_allclose(variances, 1 / 12, rtol=0.05)
        correlations = np.corrcoef(unit[turning].T) - np.eye(5)
        assert np.abs(correlations).max() < 6 / math.sqrt(turning.sum())


class TestFactors:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("shape", 3),
            ("x", 9.99),
            ("y", 18.01),
            ("size", math.nan),
            ("size", 0.0),
            ("orientation", math.inf),
        ],
    )
    def test_refuses_what_would_leave_the_frame(self, name, value):
        """
        The error names the factor, its range and the value.
        """
        good = {"shape": SQUARE, "x": 14.0, "y": 14.0, "size": 4.0, "orientation": 0.0}

        with pytest.raises(ValueError, match=rf"`{name}` must be from .+ to .+, got {value}"):
            one(**good | {name: value})

    def test_can_be_indexed(self):
        """
        Slices and rows pick the same images from every factor.
        """
        factors = sprites.sample_factors(20, seed=0)
        rows = np.array([3, 1])

        assert len(factors[5:9]) == 4
        np.testing.assert_array_equal(factors[rows].x, factors.x[rows])
        np.testing.assert_array_equal(sprites.draw(factors)[rows], sprites.draw(factors[rows]))


def test_sine_and_cosine_are_right():
    """
    The series that stands in for the library's sine agrees with it.
    """
    angles = np.linspace(-50, 50, 20_001)
    cosine, sine = sprites._cosine_and_sine(angles)

    np.testing.assert_allclose(cosine, np.cos(angles), atol=1e-14)
    np.testing.assert_allclose(sine, np.sin(angles), atol=1e-14)


def corners_of(factors):
    """Corners against the clock, as complex numbers right + i up from the centre."""
    count = {SQUARE: 4, TRIANGLE: 3}[int(factors.shape[0])]
    first = {SQUARE: math.pi / 4, TRIANGLE: math.pi / 2}[int(factors.shape[0])]
    # A regular polygon of n corners and radius r has area n r^2 sin(2 pi / n) / 2.
    area = math.pi * factors.size[0] ** 2
    radius = math.sqrt(2 * area / (count * math.sin(2 * math.pi / count)))
    angles = first + factors.orientation[0] + 2 * math.pi * np.arange(count) / count
    return radius * np.exp(1j * angles)


GOLDEN = "3fac35b24c1e1c04a3c502047ce3ba76dad8d4de131335c6b899e74fd0a19c83"
