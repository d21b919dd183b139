"""A saved picture as the figure of a page: its panels stack on a phone, and in the dark what is white paper turns dark.

Nothing is drawn again. The panels are windows on the one picture; in the dark it is inverted, but for the photographs, digits and maps in it."""
import base64, html, io
import numpy as np
from PIL import Image

WHITE, GUTTER, LEAST = 250, 3, 150  # what counts as paper; how many blank columns part two panels; how wide a panel is at least: in pixels of the screen

def runs(flags, least):
    "Start and end of each run of at least `least` true flags."
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.asarray(flags, int), [0]))))
    return [(a, b) for a, b in edges.reshape(-1, 2) if b - a >= least]

def cuts(paper, dense=1.): # where the picture is white, (height, width); its pixels to one of the screen
    "The columns at which the panels of a picture begin and end: panels of one width if there are gaps for that, else whatever is wide enough."
    w, least = paper.shape[1], LEAST*dense
    gaps = [(a + b)//2 for a, b in runs(paper.all(0), GUTTER*dense) if a > 0 and b < w]
    for n in range(int(w//least), 1, -1):
        near = [min(gaps, key=lambda x: abs(x - k*w/n), default=0) for k in range(1, n)]
        if all(abs(x - (k + 1)*w/n) < .03*w for k, x in enumerate(near)): return [0, *near, w]
    at = [0]
    for x in gaps:
        if x - at[-1] >= least and w - x >= least: at.append(x)
    return at + [w]

def maps(grey, dense=1.): # (height, width), from 0 to 255; pixels to one of the screen
    "Boxes (x, y, width, height) of what is filled all over with many shades: pictures within the picture."
    full, boxes = grey < WHITE, []
    for top, bottom in runs(full.mean(1) > .04, 24*dense):
        for left, right in runs(full[top:bottom].mean(0) > .97, 6*dense):
            rows = runs(full[top:bottom, left:right].mean(1) > .97, 24*dense)
            boxes += [(left, top + a, right - left, b - a) for a, b in rows if len(np.unique(grey[top + a:top + b, left:right])) > 20]
    return boxes

def figure(png, alt, key, width=None): # base64; its description; a name for this picture in its page; its width in pixels of the screen, when they are not its own
    "The HTML of it."
    grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert('L'))
    h, w = grey.shape
    scale = width/w if width else 1.
    at = cuts(grey >= WHITE, 1/scale) if w*scale > 480 else [0, w]
    kept = ''.join(f'<rect x="{x}" y="{y}" width="{bw}" height="{bh}"/>' for x, y, bw, bh in maps(grey, 1/scale))
    parts = []
    for i, (a, b) in enumerate(zip(at, at[1:])):
        body = f'<image id="{key}" href="data:image/png;base64,{png.strip()}" width="{w}" height="{h}"/>' if i == 0 else f'<use href="#{key}"/>'
        again = f'<use class="vl-kept" href="#{key}" clip-path="url(#{key}-kept)"/>' if kept else ''
        clip = f'<clipPath id="{key}-kept">{kept}</clipPath>' if kept and i == 0 else ''
        half = ' class="vl-half"' if (b - a)*scale < 240 else ''
        parts.append(f'<svg viewBox="{a} 0 {b - a} {h}" width="{round((b - a)*scale, 1):g}" style="flex:{b - a} 1 0;--w:{round((b - a)*scale, 1):g}"{half} aria-hidden="true">{clip}<g class="vl-ink">{body}</g>{again}</svg>')
    return f'<div class="vl-fig" role="img" aria-label="{html.escape(alt)}" style="max-width:{round(w*scale + 18):g}px">{"".join(parts)}</div>'
