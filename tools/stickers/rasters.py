# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures and animations that come as pixels (WebP): ImageMagick reads and scales them, here is
decided where their ink is and which frames of an animation are different enough to learn from.
"""
import functools
import json
import operator
import subprocess
import tempfile

from pictures import BadIcon, GdkPixbuf, GLib, cached, find_ink, frame_around

STEP = 2  # every second frame is looked at
LOOK = 32  # pixels a side of a frame that is compared
DIFFERENT = 0.02  # mean difference of premultiplied colours and alpha, of 1
LEAST_INK = 0.4  # of the frame with the most


class Frame:
    """Straight RGBA."""

    def __init__(self, width, height, pixels):
        self.width, self.height, self.pixels = width, height, pixels

    def alpha_rows(self):
        alpha = self.pixels[3::4]
        return [alpha[y * self.width:(y + 1) * self.width] for y in range(self.height)]

    def small(self):
        """[LOOK * LOOK * 4] premultiplied, 0 to 255."""
        whole = GdkPixbuf.Pixbuf.new_from_bytes(GLib.Bytes.new(self.pixels),
                                                GdkPixbuf.Colorspace.RGB, True, 8, self.width,
                                                self.height, 4 * self.width)
        little = whole.scale_simple(LOOK, LOOK, GdkPixbuf.InterpType.BILINEAR).get_pixels()
        alpha = little[3::4]
        colours = [[c * a // 255 for c, a in zip(little[k::4], alpha)] for k in range(3)]
        return [value for plane in colours for value in plane] + list(alpha)


@functools.lru_cache(maxsize=1)  # several poses of one animation follow each other
def read_frames(path):
    """All frames, each whole."""
    with tempfile.NamedTemporaryFile() as whole:
        subprocess.run(["magick", path, "-coalesce", "-alpha", "set", "-depth", "8",
                        f"PAM:{whole.name}"], check=True)
        frames = []
        while frame := read_pam(whole):
            frames.append(frame)
    return frames


def read_pam(file):
    """The next picture, None at the end."""
    said = {}
    for line in iter(file.readline, b"ENDHDR\n"):
        if not line:
            return None
        key, _, value = line.strip().partition(b" ")
        said[key] = value
    if said[b"DEPTH"] != b"4":
        raise BadIcon("it has no alpha")
    width, height = int(said[b"WIDTH"]), int(said[b"HEIGHT"])
    return Frame(width, height, file.read(4 * width * height))


def difference(a, b):
    return sum(map(abs, map(operator.sub, a, b))) / (255 * len(a))


def find_distinct(frames):
    """Numbers of the frames that differ from the first and from every other that is taken."""
    smalls = [(number, frames[number].small()) for number in range(0, len(frames), STEP)]
    inks = [sum(small[-LOOK * LOOK:]) for _, small in smalls]
    taken = [smalls[0]]
    for (number, small), ink in zip(smalls[1:], inks[1:]):
        if ink >= LEAST_INK * max(inks) and all(difference(small, known) > DIFFERENT
                                                for _, known in taken):
            taken.append((number, small))
    return [number for number, _ in taken[1:]]


def distinct_frames(path, cache):
    """find_distinct() of an animation, remembered."""
    kept = cache / "frames" / f"{path.parent.parent.name}-{path.stem}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".partial")
        partial.write_text(json.dumps(find_distinct(read_frames(path))), encoding="utf-8")
        partial.rename(kept)
    return json.loads(kept.read_text(encoding="utf-8"))


def fit(frame, size, path):
    """Writes the frame so that its ink fills the picture up to the margin."""
    ink = find_ink(frame.alpha_rows())
    if not ink:
        raise BadIcon("it is empty")
    left, top, side = map(round, frame_around(ink))
    subprocess.run(
        ["magick", "-size", f"{frame.width}x{frame.height}", "-depth", "8", "RGBA:-",
         "-background", "none", "-extent", f"{side}x{side}{left:+d}{top:+d}",
         "-filter", "Catrom", "-resize", f"{size}x{size}!", "-strip", f"PNG32:{path}"],
        input=frame.pixels, check=True)


def raster_picture(path, number, size, cache):
    """The PNG of one frame of a file."""
    name = f"{path.parent.parent.name}/{path.name}"
    return cached(cache, (name, number, size),
                  lambda target: fit(read_frames(path)[number], size, target))
