"""What stands in many lessons, gathered on a page: the terms they explain, the papers they use, the numbers they reproduce."""
import html, json, re
from pathlib import Path

PAPERS = json.loads((Path(__file__).parent/'papers.json').read_text(encoding='utf-8'))
TERMS = re.compile(r'^\| *term *\| *meaning *\|\n\|[-:| ]+\|\n((?:\|.*\n?)+)', re.M | re.I)
MEASURED = 'Measured as `make nb` saved the lessons: on an ordinary processor, without a GPU; on another one the last digits of trained networks may differ. What trains is run with the seeds named.'

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

def terms(books): # the cells of each notebook, by its page
    "Each term: (term, meaning, page, section where the text says it first)."
    for page, nb in books.items():
        parts = [(at, text) for at, kind, text, _ in sections(nb) if kind == 'markdown']
        for m in (m for _, text in parts for m in TERMS.finditer(text + '\n')):
            for row in m[1].strip().split('\n'):
                term, meaning = (o.strip() for o in re.split(r'(?<!\\)\|', row.strip().strip('|'), maxsplit=1))
                bare = re.sub(r'[`*$]|\(.*?\)', '', term).split(',')[0].strip().lower()
                said = re.compile(r'\b' + re.escape(bare), re.I)
                yield term, meaning, page, next((at for at, text in parts if at not in ('recap', '') and said.search(re.sub('[`*]', '', text))), 'recap')

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
    "The rows (number, here, expected) of a cell that shows what a lesson reproduces; None for any other."
    for o in cell.get('outputs', []):
        page = ''.join(o.get('data', {}).get('text/html', ''))
        rows = [[html.unescape(re.sub(r'<[^>]+>', '', t)).strip() for t in CELL.findall(r)] for r in re.findall(r'<tr[^>]*>(.*?)</tr>', page, re.S)]
        if rows and rows[0][-3:] == ['number', 'here', 'expected']: return [r[-3:] for r in rows[1:]]

def runs(row):
    "How many runs stand behind a number, as its name says; nothing for what is computed, not trained."
    seeds = re.search(r'seeds? (\d+) (?:to|and) (\d+)', row[0])
    if seeds: return str(int(seeds[2]) - int(seeds[1]) + 1)
    if re.search(r'seed \d', row[0]): return '1'
    of = re.search(r'\bof (ten|twenty|\d+)\b', row[0])
    return {'ten': '10', 'twenty': '20'}.get(of[1], of[1]) if of else ''

def numbers(books):
    "The page of all numbers."
    text = front('Numbers', 'What did the lessons reproduce, and what was expected?') + MEASURED + '\n\n'
    for page, nb in books.items():
        for at, _, _, c in sections(nb):
            rows = reproduced(c) if c['cell_type'] == 'code' else None
            if rows: text += f'## {place(page, at, number(page))} {{#lesson-{number(page)[:2]}}}\n\n::: {{.vl-wide}}\n' + table(('number', 'here', 'expected', 'runs'), [[o.replace('|', '&#124;') for o in (*r, runs(r))] for r in rows]) + ':::\n\n'
    return text
