"""Lines of a delimited file on which its records start."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def record_lines(data: np.ndarray, delimiter: int, out: np.ndarray) -> tuple[int, bool]:
    """Line (from 1) on which each record that is not empty starts.

    Shapes: data uint8 (bytes,); out int64, at least one more than there are line ends. A quote opens a quoted
    text only at the start of a cell; CR, LF and CR LF end a line. Returns how many records there are and
    whether the last quote is closed.
    """
    n = len(data)
    i = 3 if n >= 3 and data[0] == 0xEF and data[1] == 0xBB and data[2] == 0xBF else 0
    line = 1
    count = 0
    quoted = False
    at_cell = True
    record = i
    started = 1
    while i < n:
        c = data[i]
        if quoted:
            if c == 34:
                if i + 1 < n and data[i + 1] == 34:
                    i += 1
                else:
                    quoted = False
            elif c == 10 or (c == 13 and not (i + 1 < n and data[i + 1] == 10)):
                line += 1
        elif c == 34 and at_cell:
            quoted = True
            at_cell = False
        elif c == delimiter:
            at_cell = True
        elif c in (10, 13):
            if i > record:
                out[count] = started
                count += 1
            if c == 13 and i + 1 < n and data[i + 1] == 10:
                i += 1
            line += 1
            started = line
            record = i + 1
            at_cell = True
        else:
            at_cell = False
        i += 1
    if n > record:
        out[count] = started
        count += 1
    return count, not quoted
