"""Make the built site need nothing but itself: the `post-render` step of `_quarto.yml`.

Formulas become MathML, themes lose their web fonts, fonts keep the glyphs in use, pages get the frame of `tools/page_frame.py`, every
notebook lies beside the pages. The build fails when a page would still ask another host for anything."""
import html, importlib.util, json, logging, os, re, shutil, sys
from pathlib import Path
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from latex2mathml.converter import convert

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT/'tools'))
import gather
from page_frame import framed
from prep_docs import pages as site_pages
out = Path(os.environ['QUARTO_PROJECT_OUTPUT_DIR']).resolve()

MATH = re.compile(r'<(span|div) class="math (inline|display)">\s*\\[(\[](.*?)\\[)\]]\s*</\1>', re.S)
MATH_LIBS = re.compile(r'<(?:script|link)\b[^>]*(?:katex|mathjax|polyfill)[^>]*>(?:</script>)?', re.I)
ASKS = [re.compile(r'''<(?:script|img|iframe|source|video|audio|embed|object|link(?=[^>]*\b(?:stylesheet|icon|preload|preconnect|modulepreload)\b))\b[^>]*?\b(?:src|href|data|srcset)=["']?(?:https?:)?//[^"' >]+''', re.I),
        re.compile(r'''\bimport\b[^;'"\n]{0,80}['"]https?://[^'"]+'''), re.compile(r'''@import\s+(?:url\()?["']?(?:https?:)?//[^"')]+|url\(["']?(?:https?:)?//[^"')]+''')]
ICON = """<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 2 2'><rect width='2' height='2' rx='.3' fill='%23d5e3e2'/><path d='M1 0h.7a.3.3 0 0 1 .3.3V1H1v1H.3a.3.3 0 0 1-.3-.3V1h1z' fill='%230b6a6a'/></svg>"""
def formula(m):
    "LaTeX as MathML, which browsers draw themselves; the LaTeX stays as the label."
    tex = html.unescape(m[3]).strip()
    try: ml = convert(tex, display='block' if m[2] == 'display' else 'inline')
    except Exception as e: sys.exit(f'cannot set the formula {tex!r}: {type(e).__name__}: {e}')
    label = html.escape(tex)
    return f'<{m[1]} class="math {m[2]}">' + ml.replace('<math ', f'<math alttext="{label}" ', 1) + f'</{m[1]}>'

def small_font(src, dest, chars):
    "A font with no glyphs but those that show `chars`."
    logging.getLogger('fontTools').setLevel(logging.ERROR)
    font, options = TTFont(src), Options(layout_features=['*'], notdef_outline=True)
    subset = Subsetter(options)
    subset.populate(unicodes=set(map(ord, chars)))
    subset.subset(font)
    font.flavor = 'woff'
    font.save(dest)

def icons(libs, pages):
    "Bootstrap's icons, but only those that our pages and styles name."
    css = libs/'bootstrap-icons'/'bootstrap-icons.min.css'
    if not css.exists(): return
    codes = dict(re.findall(r'\.(bi-[\w-]+)::before\{content:"\\([0-9a-f]+)"\}', css.read_text(encoding='utf-8')))
    used = {n: codes[n] for n in sorted({n for s in pages for n in re.findall(r'\bbi-[\w-]+', s)}) if n in codes}
    styles = ''.join(f.read_text(encoding='utf-8') for f in (libs/'smalldocs.css', out/'styles.css') if f.exists())
    fonts = libs/'bootstrap-icons'/'fonts'
    small_font(fonts/'bootstrap-icons.woff', fonts/'icons.woff', [chr(int(c, 16)) for c in {*used.values(), *re.findall(r'content: "\\(f[0-9a-f]{3})"', styles)}])
    for old in fonts.glob('bootstrap-icons.*'): old.unlink()
    css.write_text('@font-face{font-display:block;font-family:"bootstrap-icons";src:url("./fonts/icons.woff") format("woff")}'
                   '.bi::before{display:inline-block;font-family:bootstrap-icons!important;font-style:normal;font-weight:400;line-height:1;vertical-align:-.125em}'
                   + ''.join(f'.{n}::before{{content:"\\{c}"}}' for n, c in used.items()), encoding='utf-8')

RANK = {'lessons': 0, 'api': 2}
def search_index():
    "What tools/site.js searches: a script, so that it is found from a disk too. Lessons rank first, and a term leads to where it is taught."
    entries = json.loads((out/'search.json').read_text(encoding='utf-8'))
    res = [dict(href=e['href'], title=e['title'], section=e['section'], text=e['text'], rank=RANK.get(re.split('[/#]', e['href'])[0], 1)) for e in entries]
    books = {page: json.loads((ROOT/src).read_text(encoding='utf-8'))['cells'] for src, page in site_pages().items() if src.endswith('.ipynb')}
    res += [dict(href=page.replace('.ipynb', '.html') + f'#{at}', title=gather.number(page), section=re.sub('[`*$]', '', term), text=meaning, rank=0) for term, meaning, page, at in gather.terms(books)]
    (out/'search.js').write_text('window.searchIndex = ' + json.dumps(res, ensure_ascii=False) + '\n', encoding='utf-8')

def main():
    shutil.copytree(ROOT/'nbs', out/'notebooks', dirs_exist_ok=True, ignore=shutil.ignore_patterns('.*', '_*'))
    shutil.copy(ROOT/'tools'/'site.js', out/'site_libs'/'site.js')
    search_index()
    asks = []
    for f in sorted(out.rglob('*.css')):
        s = f.read_text(encoding='utf-8')
        t = re.sub(r'@import\s+url\([^)]*//[^)]*\);?', '', s)
        if s != t: f.write_text(t, encoding='utf-8')
        asks += [f'{f.relative_to(out)}: {m[0]}' for m in ASKS[-1].finditer(t)]
    pages = {str(f.relative_to(out).as_posix()): MATH.sub(formula, MATH_LIBS.sub('', f.read_text(encoding='utf-8'))) for f in sorted(out.rglob('*.html'))}
    asked = {p: m[1] for p, s in pages.items() if p.startswith('lessons/') and (m := re.search(r'<p class="subtitle lead">(.*?(?:\?|(?=</p>)))', s))}
    for p, s in pages.items():
        s = framed(s, p, asked).replace('<head>', f'<head><link rel="icon" href="data:image/svg+xml,{ICON}">', 1)
        (out/p).write_text(s, encoding='utf-8')
        plain = re.sub(r'<pre\b.*?</pre>', '', s, flags=re.S)
        asks += [f'{p}: {m[0][:120]}' for r in ASKS for m in r.finditer(plain)]
    formulas = ''.join(m for s in pages.values() for m in re.findall(r'<math .*?</math>', s, re.S))
    small_font(Path(importlib.util.find_spec('ziamath').origin).parent/'fonts'/'STIXTwoMath-Regular.ttf', out/'site_libs'/'math.woff', html.unescape(formulas) + 'x')
    icons(out/'site_libs', pages.values())
    for old in ('themes/darkly.min.css', 'bootstrap/bootstrap.bundle.min.js', 'fuse/fuse.min.js'): (out/'site_libs'/old).unlink(missing_ok=True)
    if asks: sys.exit('the site would ask another host for:\n  ' + '\n  '.join(asks))

if __name__ == '__main__': main()
