"""Draw a digit: the trained networks behind a web page (lesson 16, `make app`).

Read it in this order; each part uses only the ones before it:

    containers, reading      the bytes of any picture, however hostile, become an upright array
    marks, preparation       any picture of a digit becomes what the network was trained on
    recognition, what_if     the networks' answers, and when they say "not sure"
    pictures, canvas, tab    arrays for the browser, the drawing surface, one tab's state
    app                      the whole page, and front/, what it looks like
"""
