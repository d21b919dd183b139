"""The built site: whole, at home without a network, readable on a phone and in the dark, and alive without a kernel."""
import html, importlib.util, io, itertools, json, os, re, resource, subprocess, sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag
import nbformat, psutil, pytest
from conftest import ROOT, browsers_killed_after, copy_repo, installed, make, served, skip
from visionlab.live import LiveCurve, LiveKernel

DOT = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
PROBE = [nbformat.v4.new_markdown_cell('# probe\n\n> Does a page show all that a lesson may hold?'), nbformat.v4.new_markdown_cell(r'''
Text with $a_i \le |x|$ in it, `set_seed`, [a lesson](01_data.ipynb) and [the licence](../LICENSE).

$$L(a) = \frac{1}{n}\sum_{i=1}^{n} \left| f(x_i) - y_i \right|$$

> **Tip: Look first** Draw the data.

| name | formula |
|---|---|
| `a_name_that_is_quite_long_for_a_narrow_page` | $x^2$ |

<details><summary>Answer</summary>

Because *it adds*.
</details>'''), nbformat.v4.new_code_cell('#| export\nx = "' + 'wide '*60 + '"'), nbformat.v4.new_code_cell('#| hide\nhidden_name = 1'),
    nbformat.v4.new_code_cell('#| hide_input\n#| fig-alt: one picture: a dot\nhidden_code = 1', outputs=[nbformat.v4.new_output('display_data', {'image/png': DOT})]),
    nbformat.v4.new_code_cell('print(x)', outputs=[nbformat.v4.new_output('stream', text='wide '*60)]),
    nbformat.v4.new_code_cell('#| fig-alt: a still twin\ninteract(draw)', outputs=[nbformat.v4.new_output('display_data', {'image/png': DOT})]),
    nbformat.v4.new_code_cell('live', outputs=[nbformat.v4.new_output('display_data', {'text/html': LiveCurve('a*x', [0, 1], [0, 1], a=(0, 2, 1.))._repr_html_()})]),
    nbformat.v4.new_code_cell('#| code-fold: true\n#| code-summary: "what is folded"\nfolded = 1')]

def processor_time(): return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) # seconds, of programs that have ended

@pytest.fixture(scope='module')
def site(tmp_path_factory):
    "The site, built from a copy of the repository with one page more; all that is made stands in one folder."
    if sys.version_info < (3, 11): skip('the site builder needs Python 3.11')
    repo = installed(copy_repo(tmp_path_factory.mktemp('site')/'a place with spaces'))
    nbformat.write(nbformat.v4.new_notebook(cells=PROBE), repo/'nbs'/'79_probe.ipynb')
    start, before = processor_time(), set(repo.iterdir())
    code, said = make(repo, 'docs')
    assert code == 0 and 'open _build/site/index.html' in said, said
    assert {p.name for p in set(repo.iterdir()) - before} == {'_build'}
    assert processor_time() - start < 60
    return repo/'_build'/'site'

class Page(HTMLParser):
    "The links, pictures and anchors of a page."
    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.alts = [], set(), []
        self.feed(path.read_text(encoding='utf-8'))
    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [(tag, attrs[k]) for k in ('href', 'src') if attrs.get(k)]
        if tag == 'img' or 'vl-fig' in attrs.get('class', ''): self.alts.append(attrs.get('alt', attrs.get('aria-label')))
        self.ids |= {attrs[k] for k in ('id', 'name') if attrs.get(k)}

@pytest.fixture(scope='module')
def crawled(site): return {p: Page(p) for p in sorted(site.rglob('*.html'))}

def pages(site): return [str(p.relative_to(site)) for p in sorted(site.rglob('*.html'))]

def test_every_lesson_and_module_has_its_page(site):
    for nb in (ROOT/'nbs').glob('[0-9]*.ipynb'):
        page = site/('lessons' if nb.name < '80' else 'workshop')/nb.with_suffix('.html').name
        text = page.read_text(encoding='utf-8')
        assert f'../notebooks/{nb.name}' in text and (site/'notebooks'/nb.name).read_bytes() == nb.read_bytes()
        assert 'class="nav-page nav-page-previous"><a' in text
        assert f'<a href="../api/{nb.stem[3:]}.html">visionlab.{nb.stem[3:]}</a>' in text
    for mod in (p.stem for p in (ROOT/'visionlab').glob('[a-z]*.py')):
        text = (site/'api'/f'{mod}.html').read_text(encoding='utf-8')
        names = re.findall(r"'(\w+)'", re.search(r'__all__ = \[(.*?)\]', (ROOT/'visionlab'/f'{mod}.py').read_text(encoding='utf-8'), re.S)[1])
        assert not [n for n in names if not re.search(rf'\b{n}\b', text)]
        assert mod == 'all' or f'../source/{mod}.html#' in text

def test_every_lesson_stands_in_a_part_and_leads_to_the_next(site):
    "A lesson whose number no part of the sidebar in _quarto.yml takes in would be missing there, and its neighbours would pass it over."
    lessons = sorted(p.stem for p in (ROOT/'nbs').glob('[0-7]*.ipynb'))
    for a, b in zip(lessons, lessons[1:]):
        assert re.search(rf'nav-page-next"><a [^>]*href="{b}.html"', (site/'lessons'/f'{a}.html').read_text(encoding='utf-8')), f'{a} does not lead to {b}'
    sidebar = re.search(r'id="quarto-sidebar".*?</nav>', (site/'lessons'/f'{lessons[0]}.html').read_text(encoding='utf-8'), re.S)[0]
    for part in ('The bench', 'I Numbers', 'II The loop', 'III Seeing', 'IV Pictures', 'VI Out of the notebook', 'The workshop'): assert f'<summary>{part}<' in sidebar
    def plain(text): return re.sub('<[^>]+>|`', '', html.unescape(text)).replace('’', "'")
    def question(name): return plain(re.match(r'# .+\n+> ?([^?]+\?)', nbformat.read(ROOT/'nbs'/f'{name}.ipynb', 4).cells[0].source)[1].replace('\n> ', ' '))
    asks = {m[1]: plain(m[2]) for m in re.finditer(r'<a href="([^"/]+)\.html"[^>]*>[^<]*<span class="vl-asks">(.*?)</span></a>', sidebar)}
    assert {n: asks.get(n) for n in lessons} == {n: question(n) for n in lessons}

def test_no_link_or_picture_is_broken(site, crawled):
    broken = []
    for path, page in crawled.items():
        for tag, link in page.links:
            if re.match(r'(https?|mailto|data):', link):
                if tag != 'a' and not link.startswith('data:'): broken.append((path.name, link))
                continue
            target, anchor = urldefrag(link)
            dest = (path.parent/unquote(target)).resolve() if target else path
            if not dest.is_file() or (anchor and dest.suffix == '.html' and unquote(anchor) not in crawled[dest].ids): broken.append((path.name, link))
    assert not broken

def test_search_leads_to_places_that_exist(site, crawled):
    index = json.loads((site/'search.js').read_text(encoding='utf-8').partition('=')[2])
    assert len(index) > 200
    for e in index:
        path, anchor = urldefrag(e['href'])
        assert not anchor or unquote(anchor) in crawled[site/path].ids, e['href']

def test_every_picture_is_described(site, crawled):
    bare = []
    for path, page in crawled.items():
        for alt in page.alts:
            if not alt or re.match(r'\W*$|["\']|.*["\']$', alt): bare.append((path.name, alt))
    assert not bare

def test_what_a_lesson_may_hold(site):
    text = (site/'lessons'/'79_probe.html').read_text(encoding='utf-8')
    assert '<h1 class="title">79 probe</h1>' in text and 'Does a page show all that a lesson may hold?' in text
    assert text.count('<math ') == 3 and '<munderover>' in text and '$' not in re.sub(r'<script.*?</script>', '', text, flags=re.S)
    assert 'callout-tip' in text and 'Look first' in text and '<summary>Answer</summary>' in text and '<em>it adds</em>' in text
    assert 'href="../api/core.html#set_seed"' in text and 'href="01_data.html"' in text and 'the licence' in text
    assert 'aria-label="one picture: a dot"' in text and 'hidden_code' not in text
    assert 'hidden_name' not in text and '#| export' not in text
    assert 'interact' in text and 'a still twin' not in text and text.count('class="vl-live vl-curve"') == 1  # what moves stands in place of what does not
    assert re.search(r'<details class="code-fold">\s*<summary>what is folded</summary>', text)

def test_a_page_that_asks_the_network_fails_the_build(site, tmp_path):
    out = tmp_path/'site'
    (out/'site_libs').mkdir(parents=True)
    (out/'search.json').write_text('[]')
    for asks in ('<img src="https://example.com/a.png">', '<script src="//example.com/a.js"></script>', '<style>@import url(https://example.com/a.css)</style>'):
        (out/'index.html').write_text(f'<html><head></head><body>{asks}</body></html>')
        env = os.environ | dict(QUARTO_PROJECT_OUTPUT_DIR=str(out))
        r = subprocess.run([sys.executable, ROOT/'tools'/'finish_docs.py'], env=env, capture_output=True, text=True)
        assert r.returncode == 1 and 'example.com' in r.stderr

# ---- in Chromium, with every other host blocked

def test_a_browser_that_never_answers_is_ended(visit):
    from playwright.sync_api import Error
    page = visit('data:text/html,<p>here</p>', ['data:'])
    with browsers_killed_after(2), pytest.raises(Error, match='closed'): page.evaluate('new Promise(() => {})')

def test_no_browser_and_no_driver_outlives_its_test():
    "After the test above, in the same process."
    assert not [p.name() for p in psutil.Process().children(recursive=True) if re.search('chrom|node', p.name())]

@pytest.fixture(params=['http', 'file'])
def base(request, site):
    "The address of the site, over HTTP and straight from the disk."
    if request.param == 'file': yield site.as_uri() + '/'
    else:
        with served(site) as url: yield url

def fits(page, name):
    "Nothing is wider than the screen, and every picture shows."
    wide, width = page.evaluate('[document.documentElement.scrollWidth, innerWidth]')
    assert wide <= width, f'{name} is {wide} px wide'
    scrolls = page.evaluate("[...document.querySelectorAll('main pre')].filter(p => p.scrollWidth > p.clientWidth + 1).length")
    assert scrolls <= (0 if width > 1000 else 3), f'{name}: {scrolls} blocks of code or text scroll sideways at {width}'
    assert page.evaluate('[...document.images].filter(i => !i.complete || !i.naturalWidth).length') == 0, f'{name}: a picture does not show'

def test_pages_open_without_a_network(site, visit):
    "Lessons, and some of each other kind, over HTTP (from the disk every page is opened below); `visit` checks requests and console."
    kinds = {}
    for name in pages(site): kinds.setdefault(name.rpartition('/')[0], []).append(name)
    with served(site) as base:
        page = visit(base, [base], width=390)
        for kind, names in kinds.items():
            for name in names if kind == 'lessons' else names[:4]:
                page.goto(base + name, wait_until='load')
                fits(page, name)

@pytest.mark.parametrize('width, height', [(1400, 900), (390, 660)])  # of a phone, the browser's bars take a fifth
def test_the_first_screen_of_home(site, visit, width, height):
    "What I will be able to do, two ways to begin, and a figure that moves; the first command is about a copy of the repository."
    page = visit(site.as_uri() + '/index.html', [site.as_uri()], width, height, dark=width == 390)
    for what in ('main p:not(.subtitle)', '.vl-start a >> nth=0', '.vl-start a >> nth=1', '.vl-live input >> nth=0', '.vl-live img >> nth=0'):
        box = page.locator(what).first.bounding_box()
        assert box['y'] >= 0 and box['y'] + box['height'] <= height, what
    picture = page.locator('.vl-live img').first
    before = picture.get_attribute('src')
    page.locator('.vl-live input').first.focus()
    page.keyboard.press('ArrowRight')
    assert picture.get_attribute('src') != before
    assert re.match(r'(git clone http\S+ visionlab; )?cd visionlab', page.locator('main pre').first.inner_text())
    page.locator('.vl-start a', has_text='Run it').click()
    page.wait_for_function("document.querySelector('#run-it').getBoundingClientRect().y < innerHeight/2")
    page.locator('.vl-start a', has_text='Read lesson 01').click()
    page.wait_for_url('**/lessons/01_data.html')

def test_the_address_to_copy_from(monkeypatch, tmp_path):
    import readme
    monkeypatch.setattr(readme, 'ROOT', tmp_path)
    for url, line in (('https://example.org/x/visionlab', 'git clone https://example.org/x/visionlab visionlab; cd visionlab'), ('', 'cd visionlab')):
        (tmp_path/'settings.ini').write_text(f'[DEFAULT]\naddress = {url}\n')
        assert readme.addressed('git clone ADDRESS visionlab; cd visionlab', readme.address()) == line

def test_figures_on_a_phone_and_in_the_dark(site, visit):
    "Panels stack until they can be read; paper is dark, and what is drawn in full colour stays as it was."
    page, small, moved = visit(site.as_uri() + '/index.html', [site.as_uri()], width=360, dark=True), [], []
    flips = []
    for name in pages(site):
        if not name.startswith('lessons/'): continue
        page.goto(site.as_uri() + '/' + name)
        small += [(name, *f) for f in page.evaluate("""[...document.querySelectorAll('.vl-fig svg')].filter(s => s.checkVisibility()).map(s => {
            const r = s.getBoundingClientRect(), [w, h] = ['--w', '--h'].map(v => parseFloat(s.style.getPropertyValue(v)));
            return [s.closest('.cell').id, r.height/h, r.width/w, s.classList.contains('vl-plot') || s.classList.contains('vl-title')] })""")]
        flips += [(name, w) for w in page.evaluate("""[...document.querySelectorAll('.vl-flip')].map(f =>
            f.querySelector('img').getBoundingClientRect().width/JSON.parse(f.querySelector('script').textContent).width)""")]
        moved += [(name, c) for c in page.evaluate("[...document.querySelectorAll('.vl-fig')].filter(f => f.scrollWidth > f.clientWidth + 1).map(f => f.closest('.cell').id)")]
    for *where, high, wide, squeezed in small: assert high > .54 and wide > (.34 if squeezed else .57), (where, high, wide)  # letters of 14 pixels stay 8 high
    assert len(small) > 60 and len(moved) <= 8, moved
    assert len(flips) > 20 and min(w for _, w in flips) > .52, flips
    from PIL import Image, ImageStat
    def brightness(): return ImageStat.Stat(Image.open(io.BytesIO(page.locator('.vl-fig').first.screenshot())).convert('L')).mean[0]
    page.goto(site.as_uri() + '/lessons/12_activations.html')
    dark = brightness()
    page.evaluate("document.querySelector('.vl-scheme').click()")
    assert dark < 80 and brightness() > 180

def test_the_glossary_has_every_term_and_the_papers_every_source(site):
    import gather
    glossary, papers, numbers = ((site/'about'/f'{n}.html').read_text(encoding='utf-8') for n in ('glossary', 'papers', 'numbers'))
    terms = papers_named = rows = 0
    for nb in sorted((ROOT/'nbs').glob('[0-7]*.ipynb')):
        cells = json.loads(nb.read_text(encoding='utf-8'))['cells']
        text = '\n'.join(''.join(c['source']) for c in cells)
        learned = list(gather.terms({nb.name: cells}))
        assert learned and not re.search(r'^\| *jargon *\|', text, re.M), nb.name
        assert not [(nb.name, term, at) for term, _, _, at in learned if at in ('recap', 'questionnaire', 'exercises')]
        for table in gather.TERMS.findall(text + '\n'):
            for row in table.strip().split('\n'):
                terms += 1
                assert re.sub('[`*$|]', '', row.split('|')[1]).strip()[:12].split('$')[0] in re.sub('<[^>]+>', '', glossary).replace('’', "'"), (nb.name, row)
        for title in re.findall(r'Source: [^"()]*?"([^"]+)"', text):
            papers_named += 1
            assert title.split(':')[0].lower() in papers.lower(), f'{nb.name}: tools/papers.json lacks "{title}"'
        for c in cells:
            for row in gather.reproduced(c) or []:
                rows += 1
                assert row[-1] and row[0][:20] in html.unescape(numbers), (nb.name, row)
    assert [gather.runs(name) for name in ('batches of 64, seeds 0, 3, 4, 2,000 test images', 'seed 0 (seeds 1 and 2 elsewhere)', 'batches of 512: dead, of ten', 'of 10,000, mean of eight seeds',
                                           'seeds 1 to 5', 'parameters of layers 0 and 1')] == ['3', '1', '10', '8', '5', '']
    assert 'seeds 1 to 3' in numbers and not re.search(r'<td[^>]*>[^<]*(…|\.\.\.)</td>', numbers) and 'one thread of PyTorch' in numbers
    assert terms > 200 and papers_named > 20 and rows > 40
    page = (site/'lessons'/'02_pixels.html').read_text(encoding='utf-8')
    assert 'numbers this lesson reproduces</summary>' in page and '../about/numbers.html' in page and '../about/papers.html#maaten-2008' in page

def test_a_lesson_is_no_heavier_than_it_must_be(site, visit):
    "All that a page loads, by itself: one theme, no more than 1.5 MB."
    page = visit(site.as_uri() + '/about/numbers.html', [site.as_uri()])
    loaded = []
    page.on('request', lambda r: loaded.append(Path(unquote(r.url.removeprefix('file://').split('#')[0]))) if r.url.startswith('file:') else None)
    for name in pages(site):
        if not name.startswith('lessons/'): continue
        loaded.clear()
        page.goto(site.as_uri() + '/' + name, wait_until='load')
        assert sum(p.parent.name == 'themes' for p in loaded) == 1
        assert sum(p.stat().st_size for p in set(loaded)) < 1.5e6, name

def find(page, what):
    "Type it into the search box, and see what comes: titles, and where they lead."
    box = page.locator('.vl-search input')
    box.fill(what)
    page.wait_for_function('w => document.querySelector(".vl-found").innerText.toLowerCase().includes(w)', arg=what.split()[0].lower()[:5])
    return box, [h.get_attribute('href') for h in page.locator('.vl-hit').all()]

def test_search_finds(base, visit):
    page = visit(base + 'lessons/79_probe.html', [base])
    box, hits = find(page, 'set_seed')
    assert 'set_seed' in page.locator('.vl-hit').first.inner_text()
    box.press('ArrowDown')
    assert page.locator('#' + box.get_attribute('aria-activedescendant')).get_attribute('aria-selected') == 'true'
    box.press('Enter')
    page.wait_for_function("location.pathname.indexOf('79_probe') < 0")
    assert 'set_seed' in page.locator('main').inner_text()

@pytest.mark.parametrize('what, where', [('vanishing gradients', '14_|16_'), ('learning rate', '03_'), ('broadcasting', '02_'), ('momentum', '05_|11_'), ('overfitting', 'lessons')])
def test_search_leads_to_the_lesson_that_teaches_it(site, visit, what, where):
    page = visit(site.as_uri() + '/index.html', [site.as_uri()])
    _, hits = find(page, what)
    assert re.search(where, hits[0]), hits[:5]
    kinds = ['lessons/' in h for h in hits if re.search('lessons/|api/', h)]
    assert kinds == sorted(kinds, reverse=True), hits  # no page of the API stands above a lesson

OPEN = "document.querySelectorAll('main details').forEach(e => { e.open = true })"
THIN = """() => {  // what is looked at once need not be looked at a thousand times: words of a listing, listings, rows and links that look alike
    const seen = {}, few = (e, k, n, gone) => { seen[k] = (seen[k] || 0) + 1; if (seen[k] > n) gone(e) }, at = s => [...document.querySelectorAll(s)];
    for (const e of at('code.sourceCode span[class]:not(.vl-line)')) few(e, e.className, 4, e => e.replaceWith(...e.childNodes));
    for (const e of at('main .code-copy-outer-scaffold')) few(e, 'listing', 6, e => e.remove());
    for (const e of at('main pre code')) e.textContent.length > 2000 && [...e.children].slice(20).forEach(c => c.remove());
    for (const e of at('.cell-output td')) { const c = getComputedStyle(e); k = c.color + c.backgroundColor; if (!seen[k]) e.parentElement.dataset.first = ''; few(e, k, 4, e => { e.textContent = '' }) }
    for (const e of at('main tbody, #quarto-sidebar ul')) [...e.children].slice(5).forEach(c => 'first' in c.dataset || c.remove()) }"""
AXE = """async () => {  // the contrast of three texts of each colour, size and ground; all other rules everywhere
    const seen = {}, ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e); if (c.backgroundColor !== 'rgba(0, 0, 0, 0)' || c.backgroundImage !== 'none') return c.backgroundColor + c.backgroundImage } };
    for (const e of document.body.querySelectorAll('*')) {
        e.removeAttribute('data-looked');
        if (!e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
        const c = getComputedStyle(e), k = [c.color, c.opacity, c.fontSize, c.fontWeight, ground(e)].join();
        if ((seen[k] = (seen[k] || 0) + 1) <= 3) e.setAttribute('data-looked', '') }
    const o = { resultTypes: ['violations'], preload: false };
    const found = [await axe.run(document, { ...o, rules: { 'color-contrast': { enabled: false } } }), await axe.run('[data-looked]', { ...o, runOnly: ['color-contrast'], checks: { 'color-contrast': { options: { ignoreLength: true } } } })];
    return found.flatMap(r => r.violations).filter(v => ['critical', 'serious'].includes(v.impact)).map(v => v.id + ' at ' + v.nodes.slice(0, 9).map(n => n.html.slice(0, 160) + ' ' + (n.any[0] || {}).message)) }"""

@pytest.fixture(scope='module')
def axe(): return (Path(importlib.util.find_spec('axe_playwright_python').origin).parent/'axe.min.js').read_text(encoding='utf-8')

@pytest.mark.parametrize('kind', ['lessons', 'workshop', 'api', 'source', 'about', ''])
def test_nothing_critical_or_serious_for_axe(site, visit, axe, kind):
    "Every page in the light on a desk and in the dark on a phone, with its answers and its folded code; the home page the other way round as well."
    page, found = visit(site.as_uri() + '/index.html', [site.as_uri()], width=1400), []
    page.emulate_media(reduced_motion='reduce')  # no colour is looked at while it fades
    for name in pages(site):
        if name.rpartition('/')[0] != kind: continue
        page.goto(site.as_uri() + '/' + name)
        page.evaluate(OPEN)
        for width in (390, 1400):
            page.set_viewport_size(dict(width=width, height=900))
            fits(page, name)
        page.evaluate(axe)
        page.evaluate(THIN)
        for width, dark in ((1400, False), (390, True)) if kind else ((1400, False), (390, False), (1400, True), (390, True)):
            page.set_viewport_size(dict(width=width, height=900))
            page.evaluate("dark => { const b = document.querySelector('.vl-scheme'); if ((b.getAttribute('aria-pressed') === 'true') !== dark) b.click(); return new Promise(requestAnimationFrame) }", dark)
            found.extend((name, width, 'dark' if dark else 'light', v) for v in page.evaluate(AXE))
    assert not found, '\n'.join(map(str, found[:20]))

def test_nothing_critical_or_serious_in_what_opens(site, visit, axe):
    "The list of the search on a desk; on a phone, in the dark, the menu and the lessons."
    desk, phone = (visit(site.as_uri() + '/lessons/04_backprop.html', [site.as_uri()], width, dark=width == 390) for width in (1400, 390))
    for page in (desk, phone):
        page.emulate_media(reduced_motion='reduce')
        for script in (axe, THIN): page.evaluate(script)
    for page, opens, shown in ((desk, lambda: find(desk, 'learning rate'), '.vl-hit'), (phone, phone.locator('.navbar-toggler').click, '.vl-search input'),
                               (phone, phone.locator('.vl-sidebar-toggle').click, '#quarto-sidebar .active')):
        opens()
        page.locator(shown).first.wait_for()
        assert not (found := page.evaluate(AXE)), (shown, found)

def test_axe_sees_what_is_wrong(site, visit, axe):
    "A pale text, a pale word behind many of the same colour on white, one pale colour of many in the last row of a table, a button without a name, on a page that has none."
    page = visit(site.as_uri() + '/lessons/79_probe.html', [site.as_uri()], width=1400)
    page.evaluate("""() => { const p = (c, s, n) => { for (let i = 0; i < n; i++) document.querySelector('main').insertAdjacentHTML('beforeend', `<p class="${c}" style="${s}">pale</p>`) };
        p('one', 'color: #bbb', 1); p('many', 'color: #777; background: #fff', 9); p('last', 'color: #777; background: #888', 1);
        document.querySelector('main').insertAdjacentHTML('beforeend', '<button></button><details><summary>more</summary><p class="folded" style="color: #bbb; font-size: 15px">pale</p></details>' +
            '<div class="cell-output"><table><tbody>' + [...Array(9).keys()].map(i => `<tr><td class="row${i}" style="background: #fff; color: #${i < 8 ? '00' + i : 'aaa'}">7</td></tr>`).join('') + '</tbody></table></div>') }""")
    for script in (axe, OPEN, THIN): page.evaluate(script)
    found = ' '.join(page.evaluate(AXE))
    for what in ('color-contrast', 'class="one"', 'class="last"', 'class="folded"', 'class="row8"', 'button-name'): assert what in found, (what, found)

def light(rgb): # three numbers up to 255
    "How bright a colour is, from 0 to 1."
    return sum(w*(c/12.92 if c <= .03928 else ((c + .055)/1.055)**2.4) for w, c in zip((.2126, .7152, .0722), (v/255 for v in rgb)))

def test_numbers_are_legible_on_every_colour():
    "On each grey and on colours from all over the cube."
    from code_cells import legible
    for rgb in [*((v, v, v) for v in range(256)), *itertools.product(range(0, 256, 17), repeat=3)]:
        back, text = re.fullmatch(r'background-color: #(\w{6});\s*color: #(\w{6})', legible(f'background-color: #{bytes(rgb).hex()};\n  color: #f1f1f1')).groups()
        low, high = sorted(map(light, (bytes.fromhex(back), bytes.fromhex(text))))
        assert bytes.fromhex(back) == bytes(rgb) and (high + .05)/(low + .05) >= 4.5, rgb

def tab_to(page, what, says='', most=150):
    "Press Tab until the focus is on what a selector names and what says so; where that is."
    for _ in range(most):
        page.keyboard.press('Tab')
        if page.evaluate('([what, says]) => document.activeElement.matches(what) && document.activeElement.textContent.includes(says)', [what, says]): return page.locator(':focus')
    pytest.fail(f'{most} Tabs do not lead to {what} {says}')

def test_a_lesson_by_keyboard_alone(site, visit):
    "Tab leads to the parts of the sidebar, past them, to a slider, an answer and the next lesson; on a phone, to the menu and to every block that scrolls."
    page = visit(site.as_uri() + '/lessons/03_gradients.html', [site.as_uri()])
    page.keyboard.press('Tab')
    assert page.evaluate('document.activeElement.textContent') == 'Skip to the text'
    for part in ('I Numbers', 'Package'): tab_to(page, '#quarto-sidebar summary', part, 60)
    core = page.locator('#quarto-sidebar a', has_text='visionlab.core')
    assert not core.is_visible()  # folded away on a lesson's page
    page.keyboard.press('Enter')
    assert core.is_visible()
    page.reload()
    for key in ('Tab', 'Enter', 'Tab'): page.keyboard.press(key)
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    tab_to(page, '.vl-curve input')
    loss, path = shown_loss(page), page.locator('.vl-curve svg path').get_attribute('d')
    page.keyboard.press('ArrowRight')
    assert shown_loss(page) != loss and page.locator('.vl-curve svg path').get_attribute('d') != path
    answer = tab_to(page, 'main details:not([open]) > summary', '1. What does a gradient').locator('xpath=../p')
    assert not answer.is_visible()
    page.keyboard.press('Enter')
    assert answer.is_visible()
    tab_to(page, 'main p > a[href="04_backprop.html"]')
    page.keyboard.press('Enter')
    page.wait_for_url('**/04_backprop.html')
    phone = visit(site.as_uri() + '/lessons/09_convolutions.html', [site.as_uri()], width=390)
    tab_to(phone, '.vl-sidebar-toggle')
    phone.keyboard.press('Enter')
    assert phone.evaluate("document.activeElement.closest('#quarto-sidebar') !== null")
    phone.keyboard.press('Escape')
    assert phone.evaluate("document.activeElement.className").startswith('vl-sidebar-toggle')
    assert phone.evaluate("getComputedStyle(document.querySelector('#quarto-sidebar')).visibility") == 'hidden'
    for _ in range(250):
        phone.keyboard.press('Tab')
        if phone.evaluate("(() => { document.activeElement.dataset.reached = ''; return document.activeElement === document.body })()"): break
    scrolls = phone.evaluate("""[...document.querySelectorAll('main *')].filter(e => e.checkVisibility() && /auto|scroll/.test(getComputedStyle(e).overflowX) &&
        e.scrollWidth > e.clientWidth + 1).map(e => [e.className, 'reached' in e.dataset])""")
    assert len(scrolls) >= 3 and all(reached for _, reached in scrolls), scrolls

def test_formulas_are_drawn(base, visit):
    page = visit(base + 'lessons/79_probe.html', [base])
    assert page.evaluate("document.fonts.load('16px \"visionlab math\"', 'x').then(f => f.length)") == 1
    inline, shown = (page.locator(f'.math.{k} math').first.bounding_box() for k in ('inline', 'display'))
    assert inline['height'] > 8 and shown['height'] > 1.6*inline['height']
    assert page.locator('.math.display').first.inner_text().strip()

def luminance(page, what): # of the page's body
    "How bright a computed colour is, from 0 to 1."
    return light(map(int, re.findall(r'\d+', page.evaluate(f'getComputedStyle(document.body).{what}'))[:3]))

@pytest.mark.parametrize('width', [390, 1300])
def test_dark_mode(site, visit, width):
    page = visit(site.as_uri() + '/lessons/79_probe.html', [site.as_uri()], width=width, dark=True)
    back, text = luminance(page, 'backgroundColor'), luminance(page, 'color')
    assert back < .05 and (text + .05)/(back + .05) > 7
    if width == 390: page.locator('.navbar-toggler').click()
    page.locator('.vl-scheme').click()
    page.wait_for_function("document.documentElement.dataset.scheme !== 'alternate'")
    assert luminance(page, 'backgroundColor') > .9 and luminance(page, 'color') < .1

def test_without_scripts_a_figure_is_still_and_says_so(site, chromium):
    page = chromium.new_context(java_script_enabled=False).new_page()
    for lesson, kind in (('03_gradients', '.vl-curve'), ('11_optimizers', '.vl-flip'), ('09_convolutions', '.vl-kernel')):
        page.goto(site.as_uri() + f'/lessons/{lesson}.html')
        figure = page.locator(kind).first
        assert 'where scripts may run' in figure.inner_text() and figure.locator('img').bounding_box()['height'] > 200, kind
        assert 'run this cell' not in page.locator('main').inner_text() and not page.locator('main input').count(), kind

@pytest.mark.parametrize('width, dark', [(1300, False), (360, True)])
def test_a_convolution_is_moved_and_edited_without_a_kernel(site, visit, width, dark):
    "Window, nine numbers, stride and padding, by keyboard and by click: what the page shows is what Python computes."
    import numpy as np
    page = visit(site.as_uri() + '/lessons/09_convolutions.html', [site.as_uri()], width=width, dark=dark)
    figure = page.locator('.vl-kernel').first
    figure.scroll_into_view_if_needed()
    d = json.loads(figure.locator('script[type="application/json"]').first.text_content())
    kernels = {k: np.reshape(v, (3, 3)) for k, v in d['kernels'].items()}
    lens, first = LiveKernel(d['im'], **kernels), next(iter(kernels))
    row, column, stride, padding = (figure.get_by_role('slider', name=n, exact=True) for n in ('row', 'column', 'stride', 'padding'))
    nine, walk, maps = figure.get_by_role('spinbutton'), figure.locator('.vl-walk'), figure.locator('canvas')
    def numbers(what): return [float(t) for t in figure.locator(what).all_inner_texts()]
    def agree(kernel):
        "Patch, kernel, products and sum at the place where the window is."
        i, j, s, p = (int(o.input_value()) for o in (row, column, stride, padding))
        patch = np.pad(lens.im, p)[i*s:i*s + 3, j*s:j*s + 3]
        assert numbers('.vl-patch b') == patch.ravel().tolist() and numbers('.vl-products b') == (patch*kernel).ravel().tolist()
        assert numbers('.vl-sum') == [(patch*kernel).sum()]
        return i, j, s, p
    def unseen(): # share of the map that is still grey
        return maps.last.evaluate("c => { const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; for (let k = 0; k < p.length; k += 4) n += p[k] === 217 && p[k + 1] === 217; return n*4/p.length }")
    assert agree(kernels[first]) == (4, 6, 1, 0) and numbers('.vl-sum') == [762] and unseen() > .5
    press = lambda what, key, n: [what.focus(), *[page.keyboard.press(key) for _ in range(n)]]
    press(row, 'ArrowRight', 3); press(column, 'ArrowRight', 11)
    assert agree(kernels[first])[:2] == (7, 17) and numbers('.vl-sum') == [-29] == [lens()[7, 17]]
    walk.click()
    page.wait_for_function("e => e.textContent === 'Start again'", arg=walk.element_handle())
    assert unseen() == 0 and agree(kernels[first])[:2] == (25, 25)
    press(stride, 'ArrowRight', 1); press(padding, 'ArrowRight', 1)
    assert '(28 + 2·1 - 3)/2, rounded down, + 1 = 14' in figure.inner_text() and lens(stride=2, pad=1).shape == (14, 14)
    maps.first.click(position=dict(x=3, y=3))
    assert agree(kernels[first]) == (0, 0, 2, 1)
    figure.get_by_role('button', name='left_edge').click()
    assert [float(o.input_value()) for o in nine.all()] == kernels['left_edge'].ravel().tolist()
    nine.nth(4).fill('-2.5')
    box = maps.first.bounding_box()
    maps.first.click(position=dict(x=box['width']/2, y=box['height']/2))
    assert agree(kernels['left_edge'] + np.outer([0, -2.5, 0], [0, 1, 0])) == (7, 7, 2, 1)
    fits(page, f'09 at {width}')
    assert figure.evaluate('e => e.scrollWidth <= e.clientWidth') and min(o.bounding_box()['width'] for o in nine.all()) > 28

def shown_loss(page): return re.search(r'[\d.]+$', page.locator('.vl-curve .vl-loss').first.inner_text())[0]

def test_the_figure_moves_without_a_kernel_and_agrees_with_python(base, site, visit):
    page = visit(base + 'lessons/03_gradients.html', [base])
    figure = page.locator('.vl-curve').first
    figure.scroll_into_view_if_needed()
    d = json.loads(figure.locator('script[type="application/json"]').first.text_content())
    sliders = figure.locator('input[type=range]')
    def settings(): return {n: float(sliders.nth(i).input_value()) for i, n in enumerate(d['names'])}
    curve = LiveCurve(d['expr'], d['x'], d['y'], loss=d['loss'], **{n: (-1e3, 1e3, v) for n, v in settings().items()})
    def agree(): assert float(shown_loss(page)) == pytest.approx(curve.loss(**settings()), abs=6e-5)
    def path(): return figure.locator('svg path').first.get_attribute('d')
    agree()
    before, start = path(), settings()
    sliders.nth(0).focus()
    for _ in range(7): page.keyboard.press('ArrowRight')
    after = path()
    assert settings() != start and after != before
    agree()
    box = sliders.last.bounding_box()
    page.mouse.move(box['x'] + box['width']/2, box['y'] + box['height']/2)
    page.mouse.down()
    page.mouse.move(box['x'] + .85*box['width'], box['y'] + box['height']/2, steps=5)
    page.mouse.up()
    assert path() != after
    agree()
