"""The course's furniture: what one lesson, one page or one class needs.

A learner never has to read it. It imports `cnn_utils`, never the reverse.

    checks       name a learner's mistake, and give marks in assignments
    explorers    pictures with sliders, one for each lesson
    quizzes      multiple choice, with a reason for every answer
    figures      pictures of one lesson that need no controls
    page         "Draw a digit": reading, preparation, recognition, the page itself
    drawn        the generators of the embedded data sets
"""
