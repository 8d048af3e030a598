"""Ways to damage a file, for tests of the readers with hypothesis."""

from hypothesis import strategies as st

WORDS = [
    bytes([0]) * 4,
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\0\0\0\x80",
    b"\0\x01\0\0",
]


@st.composite
def damaged(draw, good: bytes, header: int) -> bytes:
    """`good` with one to three damages, half of them within its first `header` bytes."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 3))):
        end = draw(st.sampled_from([min(header, len(data)), len(data)]))
        position = draw(st.integers(0, max(0, end - 1)))
        kind = draw(st.sampled_from(["byte", "word", "cut", "drop", "insert"]))
        if kind == "byte":
            data[position : position + 1] = bytes([draw(st.integers(0, 255))])
        elif kind == "word":
            data[position : position + 4] = draw(st.sampled_from(WORDS))
        elif kind == "cut":
            del data[position:]
        elif kind == "drop":
            del data[position : position + draw(st.integers(1, 64))]
        else:
            data[position:position] = draw(st.binary(min_size=1, max_size=64))
    return bytes(data)
