"""A saved picture as the figure of a page: its panels stack on a phone, a wide plot is squeezed there, and in the dark white paper turns dark.

Nothing is drawn again. The panels are windows on the one picture; in the dark it is inverted, but for the photographs, digits and maps in it."""
import base64, html, io
import numpy as np
from PIL import Image

WHITE = 250  # what counts as paper
GUTTER, WORDS, LEAST, WIDE, TITLE = 3, 9, 150, 540, 30  # pixels of the screen: a gap, what words of a line are apart at most, a panel at least, a panel that fits a phone at most, the height of a title

def runs(flags, least):
    "Start and end of each run of at least `least` true flags."
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.asarray(flags, int), [0]))))
    return [(a, b) for a, b in edges.reshape(-1, 2) if b - a >= least]

def gaps(paper, dense): # where the picture is white, (height, width); its pixels to one of the screen
    "The middles of the blank columns between panels, but not between words, nor between a label and its axis; a legend may stand close to a frame."
    x = np.arange(paper.shape[1])
    before = np.maximum.accumulate(np.where(paper, -9999, x), axis=1)
    after = np.minimum.accumulate(np.where(paper, 99999, x)[:, ::-1], axis=1)[:, ::-1]
    apart = ~(after - before <= WORDS*dense).any(0)
    frame = (~paper).mean(0) > .35
    blank = [(a, b) for a, b in runs(paper.all(0), GUTTER*dense) if a > 0 and b < len(x)]
    return [int(np.mean(np.flatnonzero(apart[a:b]))) + a if apart[a:b].any() else (a + b)//2 for a, b in blank if apart[a:b].any() or frame[a - 3:a].any()]

def cuts(paper, dense=1.): # as above
    "The columns at which the panels of a picture begin and end: panels of one width if there are gaps for that, else whatever is wide enough."
    w, least, between = paper.shape[1], LEAST*dense, gaps(paper, dense)
    for n in range(int(w//least), 1, -1):
        near = [min(between, key=lambda x: abs(x - k*w/n), default=0) for k in range(1, n)]
        if all(abs(x - (k + 1)*w/n) < .03*w for k, x in enumerate(near)): return [0, *near, w]
    at = [0]
    for x in between:
        if x - at[-1] >= least and w - x >= least: at.append(x)
    return at + [w]

def panels(paper, dense=1.): # as above
    "Those columns, and where below a title of the whole the panels begin: 0, unless they come apart only without it."
    at, lines = cuts(paper, dense), runs(~paper.all(1), 1)
    if np.diff(at).max() > WIDE*dense and len(lines) > 1 and lines[0][1] < TITLE*dense:
        top = (lines[0][1] + lines[1][0])//2
        below = cuts(paper[top:], dense)
        if np.diff(below).max() < np.diff(at).max(): return below, top
    return at, 0

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
    paper = grey >= WHITE
    at, top = panels(paper, 1/scale) if w*scale > 480 else ([0, w], 0)
    boxes = maps(grey, 1/scale)
    kept = ''.join(f'<rect x="{x}" y="{y}" width="{bw}" height="{bh}"/>' for x, y, bw, bh in boxes)
    inside = f'<g class="vl-ink"><use href="#{key}"/></g>' + f'<use class="vl-kept" href="#{key}" clip-path="url(#{key}-kept)"/>'*bool(kept)
    first = inside.replace(f'<use href="#{key}"/>', f'<image id="{key}" href="data:image/png;base64,{png.strip()}" width="{w}" height="{h}"/>')
    if kept: first = f'<clipPath id="{key}-kept">{kept}</clipPath>' + first
    def window(a, b, y, to, kind, style): # columns and rows
        return (f'<svg viewBox="{a} {y} {b - a} {to - y}" width="{(b - a)*scale:.0f}" class="{kind}" style="--w:{(b - a)*scale:.0f};--h:{(to - y)*scale:.0f};aspect-ratio:{b - a}/{to - y};{style}" '
                f'preserveAspectRatio="none" aria-hidden="true">{inside if parts else first}</svg>')
    parts = []
    if top:
        ink = np.flatnonzero(~paper[:top].all(0))
        a, b = ink[0], ink[-1] + 1
        parts.append(window(a, b, 0, top, 'vl-title', f'flex:0 0 {(b - a)/w:.2%};margin:0 calc({(w - b)/w:.2%} + 2px) 0 {a/w:.2%}'))  # a line of its own
    for a, b in zip(at, at[1:]):
        rows = np.flatnonzero(~paper[top:, a:b].all(1))
        over, under = max(0, rows[0]/(h - top) - .02), max(0, .98 - rows[-1]/(h - top))  # what is blank above and below this panel
        kind = 'vl-half' if (b - a)*scale < 240 else 'vl-plot' if not any(a <= x < b for x, *_ in boxes) else ''  # what holds no picture may be squeezed
        if kind == 'vl-half': over = 0                                                       # titles side by side stay level
        parts.append(window(a, b, top, h, kind, f'flex:{b - a} 1 0' + f';--over:{over:.2f};--under:{under:.2f}'*bool(max(over, under) > .1)))
    return f'<div class="vl-fig{" vl-titled"*bool(top)}" role="img" aria-label="{html.escape(alt)}" style="max-width:{w*scale + 18:.0f}px">{"".join(parts)}</div>'
