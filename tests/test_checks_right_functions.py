"""Right functions pass, in whatever way they are written; with one token changed they fail.

The functions stand in the tests of their checks, as RIGHT, beside call_of, which makes calls unlike
the probes. The convolution's, the optimisers' and the training loop's are called in other ways and
have tests of their own.
"""

import pytest
import test_checks_layers
import test_checks_losses
import test_checks_pooling
from checks_bank import failure, in_double, no_mutant_survives

CALLS = {
    name: module.call_of
    for module in (test_checks_layers, test_checks_losses, test_checks_pooling)
    for name in module.NAMES
}
RIGHT = test_checks_layers.RIGHT + test_checks_losses.RIGHT + test_checks_pooling.RIGHT
OWN = [  # those that can be changed: neither the package's nor lambdas
    (name, function)
    for name, function in RIGHT
    if function.__module__.startswith("test_") and function.__qualname__.isidentifier()
]


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_a_right_function_passes(name, function):
    assert failure(name, function) is None, str(failure(name, function))


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_a_right_function_may_compute_in_float64(name, function):
    assert failure(name, in_double(function)) is None, str(failure(name, in_double(function)))


@pytest.mark.parametrize("name", CALLS)
def test_no_mutant_survives(name):
    no_mutant_survives(name, CALLS[name], share=0.8)


@pytest.mark.parametrize(("name", "function"), OWN)
def test_no_mutant_of_another_way_to_write_it_survives(name, function):
    no_mutant_survives(name, CALLS[name], share=0.6, function=function)
