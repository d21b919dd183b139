"""Make the built site need nothing but itself: the `post-render` step of `_quarto.yml`.

Formulas become MathML, themes lose their web fonts, search works from `file://` too, every notebook lies beside the pages.
The build fails when a page would still ask another host for anything."""
import html, importlib.util, os, re, shutil, sys
from pathlib import Path
from fontTools.ttLib import TTFont
from latex2mathml.converter import convert

ROOT = Path(__file__).resolve().parent.parent
out = Path(os.environ['QUARTO_PROJECT_OUTPUT_DIR']).resolve()

MATH = re.compile(r'<(span|div) class="math (inline|display)">\s*\\[(\[](.*?)\\[)\]]\s*</\1>', re.S)
MATH_LIBS = re.compile(r'<(?:script|link)\b[^>]*(?:katex|mathjax|polyfill)[^>]*>(?:</script>)?', re.I)
ASKS = [re.compile(r'''<(?:script|img|iframe|source|video|audio|embed|object|link(?=[^>]*\b(?:stylesheet|icon|preload|preconnect|modulepreload)\b))\b[^>]*?\b(?:src|href|data|srcset)=["']?(?:https?:)?//[^"' >]+''', re.I),
        re.compile(r'''\bimport\b[^;'"\n]{0,80}['"]https?://[^'"]+'''), re.compile(r'''@import\s+(?:url\()?["']?(?:https?:)?//[^"')]+|url\(["']?(?:https?:)?//[^"')]+''')]
ICON = """<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 2 2'><rect width='2' height='2' rx='.3' fill='%23d5e3e2'/><path d='M1 0h.7a.3.3 0 0 1 .3.3V1H1v1H.3a.3.3 0 0 1-.3-.3V1h1z' fill='%230b6a6a'/></svg>"""
SEARCH = '''// A browser refuses fetch() to pages opened from a disk, so there the search index comes as a script.
if (location.protocol === 'file:') {
  const ask = window.fetch;
  window.fetch = (url, ...rest) => !/search\\.json$/.test(url) ? ask(url, ...rest) : new Promise((done, fail) => {
    const s = document.createElement('script');
    s.src = String(url).replace(/json$/, 'js');
    s.onload = () => done(new Response(JSON.stringify(window.searchIndex)));
    s.onerror = fail;
    document.head.append(s);
  });
}
'''

def formula(m):
    "LaTeX as MathML, which browsers draw themselves; the LaTeX stays as the label."
    tex = html.unescape(m[3]).strip()
    try: ml = convert(tex, display='block' if m[2] == 'display' else 'inline')
    except Exception as e: sys.exit(f'cannot set the formula {tex!r}: {type(e).__name__}: {e}')
    label = html.escape(tex)
    return f'<{m[1]} class="math {m[2]}">' + ml.replace('<math ', f'<math alttext="{label}" ', 1) + f'</{m[1]}>'

def main():
    shutil.copytree(ROOT/'nbs', out/'notebooks', dirs_exist_ok=True, ignore=shutil.ignore_patterns('.*', '_*'))
    (out/'site_libs'/'file-search.js').write_text(SEARCH, encoding='utf-8')
    (out/'search.js').write_text('window.searchIndex = ' + (out/'search.json').read_text(encoding='utf-8') + '\n', encoding='utf-8')
    font = TTFont(Path(importlib.util.find_spec('ziamath').origin).parent/'fonts'/'STIXTwoMath-Regular.ttf')
    font.flavor = 'woff'
    font.save(out/'site_libs'/'math.woff')
    asks = []
    for f in sorted(out.rglob('*.css')):
        s = f.read_text(encoding='utf-8')
        t = re.sub(r'@import\s+url\([^)]*//[^)]*\);?', '', s)
        if s != t: f.write_text(t, encoding='utf-8')
        asks += [f'{f.relative_to(out)}: {m[0]}' for m in ASKS[-1].finditer(t)]
    for f in sorted(out.rglob('*.html')):
        up = '../'*(len(f.relative_to(out).parts) - 1)
        s = MATH.sub(formula, MATH_LIBS.sub('', f.read_text(encoding='utf-8')))
        s = s.replace('<head>', f'<head>\n<script src="{up}site_libs/file-search.js"></script>\n<link rel="icon" href="data:image/svg+xml,{ICON}">', 1)
        f.write_text(s, encoding='utf-8')
        plain = re.sub(r'<pre\b.*?</pre>', '', s, flags=re.S)
        asks += [f'{f.relative_to(out)}: {m[0][:120]}' for r in ASKS for m in r.finditer(plain)]
    if asks: sys.exit('the site would ask another host for:\n  ' + '\n  '.join(asks))

if __name__ == '__main__': main()
