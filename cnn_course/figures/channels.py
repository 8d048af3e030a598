"""Figure of lesson 03: the channels of an image, of filters and of the output as sheets."""

from __future__ import annotations

from matplotlib.patches import Rectangle

from cnn_utils.plots.board import tint
from cnn_utils.plots.picture import COLOURS, Picture, styled


@styled
def volumes(x_shape, w_shape, *, title: str = "") -> Picture:
    """Show the channels of an image, the slices of the filters and the channels of the output.

    x_shape: (H, W, C_in); w_shape: (K_h, K_w, C_in, C_out), C_in at most 4. The output is as high
    and wide as the image, as with padding. Only the number of sheets is to scale.
    """
    (H, W, C_in), (K_h, K_w, _, C_out) = x_shape, w_shape
    alt = (
        f"{C_in} sheets of {H}×{W}, with one window through all of them; {C_out} filters of {C_in} "
        f"slices {K_h}×{K_w} each; {C_out} output sheets, the first made by the first filter."
    )
    picture = Picture(title, alt, 3.3, layout=None)
    axis = picture.add_axes((0, 0, 1, 0.88))
    axis.set(xlim=(0, 17), ylim=(5.8, 0))
    axis.axis("off")

    def sheets(count, x, y, side, kind, step=0.22, inner=None):
        """Draw the last sheet first; inner: a square (x, y, side) within each, and its kind."""
        for k in reversed(range(count)):
            corner = (x + step * k, y - step * k)
            axis.add_patch(
                Rectangle(corner, side, side, fc=tint(COLOURS[kind], 0.25), ec="#555555", lw=0.8)
            )
            if inner is not None and (inner[1] == kind or k == 0):
                (dx, dy, small), own = inner
                place = (corner[0] + dx, corner[1] + dy)
                how = dict(fc=tint(COLOURS[own], 0.65), ec="#222222", lw=1.2)
                axis.add_patch(Rectangle(place, small, small, **how))

    def say(x, y, text, **how):
        axis.text(x, y, text, **{"ha": "center", "va": "center", "fontsize": 10, **how})

    sheets(C_in, 0.5, 1.5, 3, "input", inner=((1.1, 1.0, 0.8), "input"))
    say(2.2, 5.0, f"image {H}×{W}×{C_in}\n{C_in} channels")
    drawn = min(C_out, 3)
    for f in range(drawn):
        sheets(C_in, 7.3, 0.75 + 1.3 * f, 0.8, "kernel")
        say(6.9, 1.1 + 1.3 * f, f"filter {f}", ha="right")
        say(8.9, 1.0 + 1.3 * f, f"+ b[{f}]", ha="left")
    if C_out > drawn:
        say(8.0, 0.75 + 1.3 * drawn - 0.1, "⋮", fontsize=14)
    say(8.0, 5.25, f"{C_out} filters {K_h}×{K_w}×{C_in}\nand {C_out} biases")
    sheets(C_out, 11.6, 1.9, 2.6, "output", 0.18, inner=((1.2, 1.1, 0.28), "output"))
    say(12.1, 4.3, "0", fontsize=9)
    say(11.6 + 0.18 * (C_out - 1) + 2.75, 2.0 - 0.18 * (C_out - 1), f"{C_out - 1}", fontsize=9)
    say(13.7, 5.0, f"output {H}×{W}×{C_out}\nchannel f is made by filter f")
    for start, end in (((4.2, 2.0), (5.4, 1.7)), ((10.2, 1.6), (11.3, 2.4))):
        axis.annotate("", end, start, arrowprops=dict(arrowstyle="-|>", color="#555555", lw=1.6))
    return picture
