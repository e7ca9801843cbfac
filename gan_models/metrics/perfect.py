"""What a perfect generator would score: the yardstick's own zero."""


def perfect_coverage(n_real: int, n_fake: int, k: int) -> float:
    """Return the expected coverage of fakes that follow the real distribution exactly.

    A real sample's ball of its k nearest others is missed if, in random order of distance, the
    first k of the N − 1 other reals and M fakes are all reals: 1 − ∏ᵢ (N−1−i) / (N+M−1−i).

    >>> round(perfect_coverage(300, 300, 5), 4)
    0.9695
    """
    missed = 1.0
    for i in range(k):
        missed *= (n_real - 1 - i) / (n_real + n_fake - 1 - i)
    return 1.0 - missed
