"""What matplotlib drew, in a third of its bytes and good to look at: a palette instead of four bytes for each pixel.

The edges of lines and letters have hundreds of shades that nobody tells apart: they are rounded to sixteen a channel. Colours that cover an
area stay as they are. A picture that 256 colours do not do justice to, a photograph, keeps all it has."""
import base64, io
import numpy as np
from PIL import Image, ImageFilter

COMMON, STEP, OFF = .002, 17, 2  # the share of a picture that makes a colour one of its own; how far apart shades of edges are; by how much areas may be off on average

def areas(mask): # (height, width) of bool
    "Where the mask is at least five pixels wide and high."
    return np.asarray(Image.fromarray(mask).convert('L').filter(ImageFilter.MinFilter(5)).filter(ImageFilter.MaxFilter(5))) > 0

def fewer(a): # (height, width, 3) of uint8
    "The picture in at most 256 colours, or in all it needs."
    colour = a.astype(int) @ [65536, 256, 1]
    rare = np.bincount(colour.ravel())[colour] < COMMON*colour.size
    area = areas(rare)
    flat = np.where((rare & ~area)[..., None], (a/STEP).round()*STEP, a).astype('uint8')
    res = Image.fromarray(flat).quantize(256, dither=Image.Dither.NONE)
    off = np.abs(np.asarray(res.convert('RGB')).astype(int) - flat)[area]
    return res if off.size == 0 or off.mean() < OFF else Image.fromarray(flat)

def packed(png): # in base64
    "The same picture, smaller. Only what matplotlib writes is touched, opaque RGBA, so that packing twice changes nothing."
    im, out = Image.open(io.BytesIO(base64.b64decode(png))), io.BytesIO()
    if im.mode != 'RGBA' or im.getextrema()[3] != (255, 255): return png
    fewer(np.asarray(im.convert('RGB'))).save(out, 'png', optimize=True)
    return base64.b64encode(out.getvalue()).decode()
