"""The small NumPy-only package that the lessons of this course share.

Read it in this order, each part uses only the ones before it:

    arguments, example       how slips are answered; the numbers of the worked examples
    gradcheck                are the gradients right?
    data                     readers of the two file formats, downloads, the embedded sets
    functional, loops        every operation forward and backward: fast, and as derived
    layers, losses, optim    the same as objects
    sequential, training     a model and its training (on disk: checkpoint)
    plots                    figures: data in, Figure out
    recipes, cli             the course's five models, from the command line too
                             (`python -m cnn_utils`)
"""

__version__ = "0.2.0"
