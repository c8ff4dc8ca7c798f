"""A camera that sees a QR code: a film in Y4M (YUV4MPEG2), which Chromium takes in place of a camera's."""

from pathlib import Path

import segno

WIDTH, HEIGHT, FRAMES = 640, 480, 10
WHITE, BLACK, GREY = 0xEB, 0x10, 0x80


def film(path: Path, content: str) -> list[str]:
    """Write a film of a code and return the arguments by which Chromium shows it."""
    picture = bytearray([WHITE]) * (WIDTH * HEIGHT)
    rows = [list(row) for row in segno.make_qr(content, error="m").matrix]
    scale = 300 // (len(rows) + 8)
    left, top = (WIDTH - scale * len(rows)) // 2, (HEIGHT - scale * len(rows)) // 2
    for y, row in enumerate(rows):
        for x, module in enumerate(row):
            if module & 1:
                for line in range(scale):
                    start = (top + y * scale + line) * WIDTH + left + x * scale
                    picture[start : start + scale] = bytes([BLACK]) * scale
    frame = b"FRAME\n" + bytes(picture) + bytes([GREY]) * (WIDTH * HEIGHT // 2)
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * FRAMES)
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={path}",
    ]
