"""What stands in many lessons, gathered on a page: the terms they explain, the papers they use, the numbers they reproduce."""
import html, json, re
from pathlib import Path

PAPERS = json.loads((Path(__file__).parent/'papers.json').read_text(encoding='utf-8'))
TERMS = re.compile(r'^\| *term *\| *meaning *\|\n\|[-:| ]+\|\n((?:\|.*\n?)+)', re.M | re.I)
MEASURED = '''What a lesson showed when `make nb` last saved it, on the machine named here. On another one the last digits of trained
networks differ. Expected is what follows exactly from arithmetic or from the data, or, where a network is trained, a band or an outcome.
*Runs* counts trainings, each from a start of its own; it is empty where nothing depends on one.'''

def slug(heading):
    "The anchor of a heading."
    text = re.sub(r'\[([^\]]*)\]\([^)]*\)|[`*]', r'\1', heading)
    return re.sub(r'^[^a-z]+', '', re.sub(r'\s+', '-', re.sub(r'[^\w\s.-]', '', text.strip().lower())))

def sections(nb): # the cells of a notebook
    "Each cell, with the anchor of the section it stands in."
    at = ''
    for c in nb:
        source = ''.join(c['source'])
        if c['cell_type'] == 'markdown':
            for part in re.split(r'^(?=#{2,3} )', source, flags=re.M):
                if m := re.match(r'#{2,3} (.*)', part): at = slug(m[1])
                yield at, 'markdown', part, c
        else: yield at, 'code', source, c

def table(head, rows): return '\n'.join(['| ' + ' | '.join(head) + ' |', '|' + '---|'*len(head)] + ['| ' + ' | '.join(r) + ' |' for r in rows]) + '\n'
def front(title, subtitle): return f'---\ntitle: "{title}"\nsubtitle: "{subtitle}"\ntoc: false\n---\n\n'
def place(page, at, name): return f'[{name}](/{page}{"#" + at if at else ""})'

def taught(term, parts): # the sections and texts of a lesson
    "The section that says it first: the term, what else its name says, then its longest word in another form."
    names = [o.strip().lower() for o in re.sub(r'[`*$]|\(.*?\)', '', term).split(',')]
    word = max(re.findall(r'\w+', names[0]), key=len)
    for said in [rf'\b{re.escape(o)}' for o in names] + [rf'\b{word[:max(4, len(word) - 4)]}']:
        for at, text in parts:
            if at not in ('', 'recap', 'questionnaire', 'exercises') and re.search(said, re.sub('[`*]', '', text), re.I): return at
    return ''

def terms(books): # the cells of each notebook, by its page
    "Each term: (term, meaning, page, section that teaches it)."
    for page, nb in books.items():
        parts = [(at, text) for at, kind, text, _ in sections(nb) if kind == 'markdown']
        for m in (m for _, text in parts for m in TERMS.finditer(text + '\n')):
            for row in m[1].strip().split('\n'):
                term, meaning = (o.strip() for o in re.split(r'(?<!\\)\|', row.strip().strip('|'), maxsplit=1))
                yield term, meaning, page, taught(term, parts)

def glossary(books):
    "The page of all terms."
    found = {}
    for term, meaning, page, at in terms(books): found.setdefault(re.sub('[`*]', '', term).lower(), []).append((term, meaning, page, at))
    rows = [(f'<span id="{slug(k)}"></span>{v[0][0]}', v[0][1], ', '.join(place(p, at, number(p)) for _, _, p, at in v)) for k, v in sorted(found.items())]
    return front('Glossary', 'What does this word mean, and where is it taught?') + '::: {.vl-wide}\n' + table(('term', 'meaning', 'lesson'), rows) + ':::\n'

def number(page): return re.sub(r'^.*/(\d+_\w+)\.ipynb$', r'\1', page).replace('_', ' ') if page != 'index.ipynb' else 'home'

def uses(books):
    "For each paper, where notebooks name it: [(page, section)]."
    res = {p['key']: [] for p in PAPERS}
    for page, nb in books.items():
        for at, _, text, _ in sections(nb):
            for p in PAPERS:
                if re.search(p['find'], text) and page not in dict(res[p['key']]): res[p['key']].append((page, at))
    return res

def papers(books):
    "The page of all papers."
    where = uses(books)
    rows = [(f'<span id="{p["key"]}"></span>{p["who"]}', str(p['year']), f'[{p["title"]}]({p["link"]})' if p['link'] else p['title'],
             ', '.join(place(page, at, number(page)) for page, at in where[p['key']])) for p in sorted(PAPERS, key=lambda p: (p['who'].lower(), p['year'])) if where[p['key']]]
    return front('Papers', 'Who found this, and which lesson uses it?') + '::: {.vl-wide}\n' + table(('authors', 'year', 'title', 'used in'), rows) + ':::\n'

def cited(text, dest):
    "A text in which what names a paper leads to it."
    for p in PAPERS:
        if dest == 'about/papers.qmd': break
        text = re.sub(rf'(?<!\[)(?:{p["find"]})(?![^\[\n]*\]\()', lambda m: f'[{" ".join(m[0].split())}](/about/papers.qmd#{p["key"]})', text, count=1)
    return text

CELL = re.compile(r'<t[hd][^>]*>(.*?)</t[hd]>', re.S)
def reproduced(cell):
    "The rows (number, here, expected, where that comes from or '') of a cell that shows what a lesson reproduces; None for any other."
    source = ''.join(cell['source'])
    def whole(text): # pandas cuts off what is long
        cut = re.fullmatch(r'(.{20,}?)\s*(?:…|\.\.\.)', text)
        return (cut and re.search(re.escape(cut[1]) + r"[^'\"\n]*", source) or [text])[0]
    for o in cell.get('outputs', []):
        page = ''.join(o.get('data', {}).get('text/html', ''))
        head, *rows = [[html.unescape(re.sub(r'<[^>]+>', '', t)).strip() for t in CELL.findall(r)] for r in re.findall(r'<tr[^>]*>(.*?)</tr>', page, re.S)] or [[]]
        if head[-1:] == ['expected']: head, rows = [*head, 'source'], [[*r, ''] for r in rows]
        if len(head) < 4 or head[-2:] != ['expected', 'source']: continue
        return [[whole(r[-4]) + (f': {head[-3]}' if head[-4] == '' else ''), *r[-3:]] for r in rows]

COUNTS = {w: str(n) for n, w in enumerate('one two three four five six seven eight nine ten twenty'.split(), 1)} | dict(twenty='20')
def runs(name, above=''): # of a row; the runs of the row above it
    "How many runs stand behind a number, as its name says; nothing for what is computed, not trained."
    bare = re.sub(r'\(.*?\)', '', name)
    if m := re.search(r'seeds (\d+) to (\d+)', bare): return str(int(m[2]) - int(m[1]) + 1)
    if m := re.search(r'seeds? (\d+(?:(?:, | and )\d+\b(?!,\d))*)', bare): return str(len(re.findall(r'\d+', m[1])))
    if m := re.search(rf'\b(?:of|over) ({"|".join(COUNTS)})\b', bare): return COUNTS[m[1]]
    return above if bare.startswith('the same') else ''

def numbers(books, measured): # the cells of each notebook, and what its outputs were measured on, by its page
    "The page of all numbers."
    text = front('Numbers', 'What did the lessons reproduce, and what was expected?') + MEASURED
    on = {measured.get(page) for page, nb in books.items() if any(c['cell_type'] == 'code' and reproduced(c) for c in nb)}
    text += f' All of them ran on {on.pop()}.\n\n' if len(on) == 1 and None not in on else '\n\n'  # then `on` is empty
    for page, nb in books.items():
        for at, _, _, c in sections(nb):
            rows, table_rows = reproduced(c) if c['cell_type'] == 'code' else None, []
            if not rows: continue
            for *row, source in rows: table_rows.append([*row, runs(row[0], table_rows[-1][-2] if table_rows else ''), source])
            width = 5 if any(r[-1] for r in table_rows) else 4
            text += f'## {place(page, at, number(page))} {{#lesson-{number(page)[:2]}}}\n\n' + (f'On {measured[page]}.\n\n' if on and measured.get(page) else '')
            text += '::: {.vl-wide .vl-numbers}\n' + table(('number', 'here', 'expected', 'runs', 'source')[:width], [[o.replace('|', '&#124;') for o in r[:width]] for r in table_rows]) + ':::\n\n'
    return text
