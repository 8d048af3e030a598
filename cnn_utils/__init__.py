"""The small NumPy-only package that the lessons of this course share.

Read it in this order, each part uses only the ones before it:

    gradcheck                are the gradients right?
    data                     readers of the two file formats, downloads, the embedded sets
    functional, loops        every operation forward and backward: fast, and as derived
    layers, losses, optim    the same as objects
    sequential, training     a model and its training
    plots                    figures: data in, Figure out
    recipes, bench           the course's five models and its stopwatch (`python -m cnn_utils`)
    widgets                  explorers and quizzes
    checks                   they name a learner's mistake, and give marks in assignments
    app                      the page "Draw a digit": reading, preparation, recognition, page
"""

__version__ = "0.1.0"
