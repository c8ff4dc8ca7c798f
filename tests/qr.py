"""A QR code as a test reads it: the modules that a drawing makes dark."""

import re


def dark_modules(svg: str) -> set[tuple[int, int]]:
    """Return column and row of every dark module, the quiet zone counted in."""
    [path] = re.findall(r'<path stroke="#000" d="([^"]+)"', svg)
    dark, x, y = set(), 0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        values = [float(number) for number in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "h":
            dark |= {(column, int(y)) for column in range(x, x + int(values[0]))}
            x += int(values[0])
        else:
            x, y = (int(values[0]), values[1]) if command == "M" else (x + int(values[0]), y + values[1])
    return dark


def says(svg: str, content: str) -> bool:
    """Tell whether a drawing is the code (level M) of this content, with its quiet zone of four modules."""
    import segno

    matrix = segno.make_qr(content, error="m", boost_error=False).matrix
    expected = {(x + 4, y + 4) for y, row in enumerate(matrix) for x, module in enumerate(row) if module & 1}
    return f'viewBox="0 0 {len(matrix) + 8} {len(matrix) + 8}"' in svg and dark_modules(svg) == expected
