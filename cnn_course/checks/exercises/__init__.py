"""The exercises of the lessons: right answers, calls to try a function on, hints."""
