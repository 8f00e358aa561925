r"""KL divergence: the expected weight of evidence for P over Q, when P is true. All in nats.

Every closed form here is built from one function, `surplus`, by how much $x - 1$ exceeds $\log x$.
It is never negative, so no divergence is, and it keeps its digits where P and Q all but agree:
textbook forms subtract numbers there that are nearly equal, and may come out below zero.

`p` and `q` are the two arguments of a divergence, in that order: KL[p; q] is under p.

References:
    Lecture, "KL divergence: the right ruler" [0:05-0:20].
    Cover & Thomas, Elements of Information Theory, chapters 2 and 8.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

__all__ = [
    "CodeLengths",
    "Decomposition",
    "bernoulli_kl",
    "bernoulli_kls",
    "beta_kl",
    "coarse_grained",
    "code_lengths",
    "cross_entropy",
    "digamma",
    "entropy",
    "exponential_kl",
    "gaussian_decomposition",
    "gaussian_kl",
    "loses_nothing",
    "multivariate_gaussian_kl",
    "poisson_kl",
    "surplus",
    "table_decomposition",
    "table_kl",
    "table_weight_variance",
    "through_channel",
]

_SUM_TOLERANCE = 1e-9


def surplus(e: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    r"""By how much $x - 1$ exceeds $\log x$, at $x = 1 + e$: never negative, zero at one alone.

    This is the lecture's first property before it is averaged.

    Args:
        e: From -1, where it is infinite.

    Notes:
        Near zero $e - \log(1 + e)$ loses every digit. With $s = e/(2 + e)$ the logarithm is
        $2(s + s^3/3 + s^5/5 + \dots)$ and the first term cancels exactly: $e - 2s = es$.

    Example:
        >>> surplus(np.array([-1.0, 0.0, 1.0])).round(4).tolist()
        [inf, 0.0, 0.3069]
    """
    is_near = np.abs(e) < 0.2
    here = np.where(is_near, e, 0.0)
    s = here / (2 + here)
    square = s * s
    series = np.zeros_like(s)
    for k in range(19, 1, -2):
        series = 1 / k + square * series
    near = s * (here - 2 * square * series)
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(np.isposinf(e), np.inf, e - np.log1p(e))
    return np.where(is_near, near, far)


# -- Tables -----------------------------------------------------------------------------------


def table_kl(p: Float[np.ndarray, "*outcome"], q: Float[np.ndarray, "*outcome"]) -> float:
    r"""Expected weight of evidence for P over Q when P is true: $\sum p \log p/q$.

    Args:
        p: Probabilities of the real world, of any shape. They sum to one.
        q: Probabilities of the dream world.

    Returns:
        KL[p; q]. Infinite where P allows an outcome that Q forbids.

    Raises:
        ValueError: If either argument is not a table of probabilities.

    Notes:
        A sum of terms $p \log p/q - p + q$, of which none is negative, is the same for tables that
        sum to one exactly. What rounding has left of their sums is taken out again by the same
        function of the totals.

    References:
        Lecture, "KL = expected weight of evidence" [0:05-0:20].

    Example:
        >>> fair, double_headed = np.array([0.5, 0.5]), np.array([1.0, 0.0])
        >>> table_kl(fair, double_headed), round(table_kl(double_headed, fair), 4)
        (inf, 0.6931)
    """
    _require_tables(p=p, q=q)
    total_p = math.fsum(p.ravel())
    difference = math.fsum(np.concatenate([p.ravel(), -q.ravel()]))
    apart = math.fsum(_terms(p, q, p - q).ravel())
    of_totals = total_p * float(surplus(np.array(-difference / total_p)))
    return max(0.0, apart - of_totals) / total_p


def table_weight_variance(
    p: Float[np.ndarray, "*outcome"], q: Float[np.ndarray, "*outcome"]
) -> float:
    """Variance of the weight of evidence of one outcome of P, in nats squared.

    Infinite where the divergence is.

    Example:
        >>> table_weight_variance(np.array([0.5, 0.5]), np.array([0.5, 0.5]))
        0.0
    """
    mean = table_kl(p, q)
    if math.isinf(mean):
        return math.inf
    possible = p > 0
    weights = np.log(p[possible]) - np.log(q[possible])
    return math.fsum(p[possible] * (weights - mean) ** 2)


def bernoulli_kl(p: float, q: float) -> float:
    """KL of two coins, by their chances of heads.

    Example:
        >>> bernoulli_kl(0.5, 1.0), bernoulli_kl(1.0, 0.5) == math.log(2)
        (inf, True)
    """
    for name, chance in (("p", p), ("q", q)):
        if not 0 <= chance <= 1:
            raise ValueError(f"`{name}` must be from 0 to 1, got {chance}.")
    return float(bernoulli_kls(np.array([p]), np.array([q]))[0])


def bernoulli_kls(
    p: Float[np.ndarray, "*shape"], q: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """KL of many pairs of coins at once, as for a surface; their chances are not checked."""
    return _terms(p, q, p - q) + _terms(1 - p, 1 - q, q - p)


def entropy(p: Float[np.ndarray, "*outcome"]) -> float:
    """Nats that an outcome takes on average, told in the best code: the uncertainty of P.

    Example:
        >>> entropy(np.array([0.5, 0.25, 0.125, 0.125])) / math.log(2)
        1.75
    """
    _require_tables(p=p)
    possible = p[p > 0]
    return max(0.0, -math.fsum(possible * np.log(possible)))


def cross_entropy(p: Float[np.ndarray, "*outcome"], q: Float[np.ndarray, "*outcome"]) -> float:
    """Nats that an outcome of P takes on average in the best code for Q: entropy plus KL."""
    _require_tables(p=p, q=q)
    possible = p > 0
    if (q[possible] == 0).any():
        return math.inf
    return max(0.0, -math.fsum(p[possible] * np.log(q[possible])))


@dataclass(frozen=True, slots=True, eq=False)
class CodeLengths:
    """Outcomes of P told in the best code for Q. All in bits.

    Attributes:
        lengths: Ideal code length of each outcome, -log2 q; infinite where Q forbids it.
        best_lengths: The same in a code made for P.
        spent: Expected length under P, the cross-entropy.
        needed: Expected length in the code made for P, the entropy.
        excess: What the wrong code costs, KL[p; q].
    """

    lengths: Float[np.ndarray, " outcome"]
    best_lengths: Float[np.ndarray, " outcome"]
    spent: float
    needed: float
    excess: float


def code_lengths(
    p: Float[np.ndarray, " outcome"], q: Float[np.ndarray, " outcome"]
) -> CodeLengths:
    """What it costs to describe P in the code that would be best for Q.

    Example:
        >>> code = code_lengths(np.array([0.5, 0.25, 0.125, 0.125]), np.full(4, 0.25))
        >>> code.needed, code.spent, round(code.excess, 12)
        (1.75, 2.0, 0.25)
    """
    excess = table_kl(p, q)
    with np.errstate(divide="ignore"):
        lengths, best = -np.log2(q) + 0.0, -np.log2(p) + 0.0
    bit = math.log(2)
    return CodeLengths(lengths, best, cross_entropy(p, q) / bit, entropy(p) / bit, excess / bit)


# -- Families ---------------------------------------------------------------------------------


def gaussian_kl(p_mean: float, p_scale: float, q_mean: float, q_scale: float) -> float:
    r"""KL of two Gaussians on a line: $\tfrac12(r - 1 - \log r + (\Delta/\sigma_q)^2)$.

    Here $r = (\sigma_p/\sigma_q)^2$ and $\Delta$ is the distance of the means.

    Args:
        p_mean: Mean of P.
        p_scale: Standard deviation of P.
        q_mean: Mean of Q.
        q_scale: Standard deviation of Q.

    Example:
        >>> round(gaussian_kl(0.0, 0.5, 0.0, 1.0), 4), round(gaussian_kl(2.0, 0.1, 0.0, 1.0), 4)
        (0.3181, 3.8076)
    """
    _require_positive(p_scale=p_scale, q_scale=q_scale)
    _require_finite(p_mean=p_mean, q_mean=q_mean)
    excess = (p_scale - q_scale) / q_scale * ((p_scale + q_scale) / q_scale)
    spread = _surplus(excess, 2 * (math.log(p_scale) - math.log(q_scale)))
    shift = (p_mean - q_mean) / q_scale
    return 0.5 * (spread + shift * shift)


def multivariate_gaussian_kl(
    p_mean: Float[np.ndarray, " data"],
    p_covariance: Float[np.ndarray, "data data"],
    q_mean: Float[np.ndarray, " data"],
    q_covariance: Float[np.ndarray, "data data"],
) -> float:
    r"""KL of two Gaussians in any dimension, with any covariances.

    $$\tfrac12 \sum_i (\nu_i - 1 - \log\nu_i)
        + \tfrac12 \Delta^\top \Sigma_q^{-1} \Delta,$$

    where $\nu_i$ are the eigenvalues of $\Sigma_q^{-1}\Sigma_p$. No term is negative.

    Returns:
        KL[p; q]. Infinite where P does not vary at all in some direction.

    Raises:
        ValueError: If a covariance is not symmetric, or that of Q not positive definite.
    """
    _require_symmetric(p_covariance=p_covariance, q_covariance=q_covariance)
    try:
        root = np.linalg.cholesky(q_covariance)
    except np.linalg.LinAlgError:
        raise ValueError("`q_covariance` must be positive definite.") from None
    # Whitened by Q, and as a difference from it: near equality nothing is left to cancel.
    whitened = np.linalg.solve(root, np.linalg.solve(root, p_covariance - q_covariance).T)
    excess = np.linalg.eigvalsh((whitened + whitened.T) / 2)
    if (excess <= -1).any():
        return math.inf
    shift = np.linalg.solve(root, p_mean - q_mean)
    return 0.5 * float(surplus(excess).sum() + (shift * shift).sum())


def poisson_kl(p: float, q: float) -> float:
    """KL of two Poisson laws, by their means.

    Example:
        >>> poisson_kl(0.0, 3.0), poisson_kl(3.0, 0.0)
        (3.0, inf)
    """
    for name, mean in (("p", p), ("q", q)):
        if not 0 <= mean < math.inf:
            raise ValueError(f"`{name}` must be a finite mean of at least 0, got {mean}.")
    return float(_terms(np.array([p]), np.array([q]), np.array([p - q]))[0])


def exponential_kl(p: float, q: float) -> float:
    r"""KL of two exponential laws, by their rates: $q/p - 1 - \log q/p$.

    Example:
        >>> exponential_kl(2.0, 2.0), round(exponential_kl(1.0, 2.0), 4)
        (0.0, 0.3069)
    """
    _require_positive(p=p, q=q)
    return _surplus((q - p) / p, math.log(q) - math.log(p))


def beta_kl(p: tuple[float, float], q: tuple[float, float]) -> float:
    """KL of two Beta laws, by their two shapes.

    Exact to rounding of its largest term; where less than that is left, zero.

    Example:
        >>> round(beta_kl((1.0, 1.0), (2.0, 2.0)), 6)
        0.208241
    """
    (a, b), (c, d) = p, q
    _require_positive(p=min(p), q=min(q))
    if p == q:
        return 0.0
    terms = (
        *(math.lgamma(c), math.lgamma(d), -math.lgamma(c + d)),
        *(-math.lgamma(a), -math.lgamma(b), math.lgamma(a + b)),
        (a - c) * digamma(a),
        (b - d) * digamma(b),
        ((c - a) + (d - b)) * digamma(a + b),
    )
    return max(0.0, math.fsum(terms))


def digamma(x: float) -> float:
    r"""Slope of $\log\Gamma$ at a positive number, by its recurrence and asymptotic series.

    Example:
        >>> round(digamma(1.0), 12)
        -0.577215664902
    """
    _require_positive(x=x)
    below = []
    while x < 12:
        below.append(-1 / x)
        x += 1
    square = 1 / (x * x)
    series = 0.0
    # Bernoulli numbers over twice their index
    for term in (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)[::-1]:
        series = square * (term + series)
    return math.fsum([*below, math.log(x), -0.5 / x, -series])


# -- Less is seen -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The divergence of two things together, taken apart: joint = marginal + conditional.

    Attributes:
        joint: KL over both.
        marginal: KL over the first alone. As the rest is not negative, it is no larger.
        conditional: KL of the second once the first is known, averaged over P.
    """

    joint: float
    marginal: float
    conditional: float


def table_decomposition(
    p: Float[np.ndarray, "data latent"], q: Float[np.ndarray, "data latent"]
) -> Decomposition:
    """The divergence of two joint tables, split into that of the rows and that within them.

    Args:
        p: Joint probabilities of the real world: what is seen first along the rows.
        q: Joint probabilities of the dream world.

    Example:
        >>> p, q = np.array([[0.45, 0.05], [0.05, 0.45]]), np.array([[0.05, 0.45], [0.45, 0.05]])
        >>> parts = table_decomposition(p, q)
        >>> round(parts.joint, 4), round(parts.marginal, 4)
        (1.7578, 0.0)
    """
    rows = zip(p, q, strict=True)
    marginal = table_kl(p.sum(1), q.sum(1))
    within = [
        float(own.sum()) * table_kl(own / own.sum(), other / other.sum())
        for own, other in rows
        if own.sum() > 0 and other.sum() > 0
    ]
    conditional = math.fsum(within)
    return Decomposition(table_kl(p, q), marginal, conditional)


def gaussian_decomposition(
    p_mean: Float[np.ndarray, " data"],
    p_covariance: Float[np.ndarray, "data data"],
    q_mean: Float[np.ndarray, " data"],
    q_covariance: Float[np.ndarray, "data data"],
    *,
    seen: int = 1,
) -> Decomposition:
    """The divergence of two Gaussians, split into that of the first coordinates and the rest.

    Args:
        p_mean: Mean of P.
        p_covariance: Covariance of P.
        q_mean: Mean of Q.
        q_covariance: Covariance of Q.
        seen: How many coordinates, from the first on, the marginal keeps.
    """
    if not 1 <= seen < len(p_mean):
        raise ValueError(f"`seen` must be from 1 to {len(p_mean) - 1}, got {seen}.")
    first = slice(0, seen)
    marginal = multivariate_gaussian_kl(
        p_mean[first], p_covariance[first, first], q_mean[first], q_covariance[first, first]
    )
    p_slope, p_rest = _conditional(p_covariance, seen)
    q_slope, q_rest = _conditional(q_covariance, seen)
    # The conditional means differ by a line in what is seen: its square is averaged under P.
    shift = p_mean - q_mean
    gap = shift[seen:] - q_slope @ shift[first]
    turn = p_slope - q_slope
    zero = np.zeros(len(gap))
    spread = multivariate_gaussian_kl(zero, p_rest, zero, q_rest)
    second_moment = np.outer(gap, gap) + turn @ p_covariance[first, first] @ turn.T
    missed = 0.5 * float(np.trace(np.linalg.solve(q_rest, second_moment)))
    joint = multivariate_gaussian_kl(p_mean, p_covariance, q_mean, q_covariance)
    return Decomposition(joint, marginal, spread + max(0.0, missed))


def coarse_grained(
    p: Float[np.ndarray, " outcome"], groups: Int[np.ndarray, " outcome"]
) -> Float[np.ndarray, " group"]:
    """Probabilities once outcomes of one group are no longer told apart.

    Args:
        p: Probabilities.
        groups: The group of each outcome, numbered from zero.

    Example:
        >>> coarse_grained(np.array([0.5, 0.25, 0.25]), np.array([0, 1, 1]))
        array([0.5, 0.5])
    """
    return np.bincount(groups, weights=p)


def loses_nothing(
    p: Float[np.ndarray, " outcome"],
    q: Float[np.ndarray, " outcome"],
    groups: Int[np.ndarray, " outcome"],
) -> bool:
    """Whether merging keeps the whole divergence: the ratio p/q is one within each group.

    Such groups are a sufficient statistic: what is merged had the same weight of evidence.
    """
    merged_p, merged_q = coarse_grained(p, groups)[groups], coarse_grained(q, groups)[groups]
    return bool(np.allclose(p * merged_q, q * merged_p, rtol=1e-12, atol=0))


def through_channel(
    p: Float[np.ndarray, " outcome"], channel: Float[np.ndarray, "outcome received"]
) -> Float[np.ndarray, " received"]:
    """Probabilities of what is received when outcomes of P are sent through a noisy channel.

    Args:
        p: Probabilities of what is sent.
        channel: For each outcome the probabilities of what is received; rows sum to one.
    """
    for row in channel:
        _require_tables(channel=row)
    return p @ channel


# -- How it is done ---------------------------------------------------------------------------


def _surplus(e: float, log_x: float) -> float:
    """The surplus at x = 1 + e, where its logarithm is also known: far from one that is better."""
    return float(surplus(np.array(e))) if abs(e) < 0.5 else e - log_x


def _terms(
    p: Float[np.ndarray, "*outcome"],
    q: Float[np.ndarray, "*outcome"],
    difference: Float[np.ndarray, "*outcome"],
) -> Float[np.ndarray, "*outcome"]:
    """The terms p log(p/q) - p + q, none of them negative; `difference` is p - q."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        excess = -difference / p
        near = p * surplus(excess)
        # Far away the ratio may be too large or too small a number; the logarithms are not.
        ratio = p / q
        is_safe = (ratio > 1e-300) & (ratio < 1e300)
        log_ratio = np.where(is_safe, np.log(ratio), np.log(p) - np.log(q))
        far = p * log_ratio - difference
    return np.where(p == 0, q, np.where(np.abs(excess) < 0.5, near, far))


def _conditional(
    covariance: Float[np.ndarray, "data data"], seen: int
) -> tuple[np.ndarray, np.ndarray]:
    """Slope of the rest's mean in what is seen, and the covariance that is left."""
    slope = np.linalg.solve(covariance[:seen, :seen], covariance[:seen, seen:]).T
    rest = covariance[seen:, seen:] - slope @ covariance[:seen, seen:]
    return slope, (rest + rest.T) / 2


def _require_tables(**tables: np.ndarray) -> None:
    for name, table in tables.items():
        if not table.size:
            raise ValueError(f"`{name}` must hold probabilities, got none.")
        if not (table >= 0).all():  # NaN is refused as well
            raise ValueError(f"`{name}` must be non-negative, got {table.min():g}.")
        if not abs(table.sum() - 1) <= _SUM_TOLERANCE:
            raise ValueError(f"`{name}` must sum to one, got {table.sum():.12g}.")
    shapes: Sequence[tuple[int, ...]] = [table.shape for table in tables.values()]
    if len(set(shapes)) > 1:
        raise ValueError(f"`p` and `q` must have the same outcomes, got {shapes}.")


def _require_positive(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ValueError(f"`{name}` must be positive and finite, got {value}.")


def _require_finite(**values: float) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise ValueError(f"`{name}` must be finite, got {value}.")


def _require_symmetric(**matrices: np.ndarray) -> None:
    for name, matrix in matrices.items():
        if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, rtol=1e-9):
            raise ValueError(f"`{name}` must be finite and symmetric.")
