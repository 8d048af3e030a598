"""Generators of drawn data. Nothing in it is a font or a photograph.

ink                       pen strokes become ink; the page draws with it as well
digits                    strokes like handwriting: the embedded stand-in for MNIST
photographs               such digits on paper, as a telephone sees them (lesson 16)
hand_rendering, hands     rendered hands: the embedded stand-in for SIGNS
"""
