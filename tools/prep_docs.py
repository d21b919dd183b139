"""Turn the repository into the pages of the site: the `pre-render` step of `_quarto.yml`.

Every notebook becomes a page that shows its code and its saved outputs, every module a page of what it exports and a page of its
source, and the texts of the repository pages too. Nothing is run but `import visionlab`. Everything is written to the folder this is run
in: the one that `make docs` lays out, with links to `_quarto.yml` and the tools, for `smalldocs render` (or `quarto render`) to read."""
import json, os, re, shutil, sys
from pathlib import Path, PurePosixPath as Pure

ROOT, BUILD = Path(__file__).resolve().parent.parent, Path.cwd()
sys.path[:0] = [str(ROOT), str(ROOT/'tools')]
from api_pages import module_pages
from code_cells import code_cell
from gather import cited, glossary, numbers, papers
from copies import addressed
from readme import address
from tidy import directives

TEXTS = {'CONTRIBUTING.md': 'about/contributing.md', 'CHANGELOG.md': 'about/changelog.md', 'bench/RESULTS.md': 'about/results.md'}
CALLOUT = re.compile(r'^> \*\*(Note|Tip|Warning|Caution|Important)(?:: ([^*]+?))?:?\*\*:? ?(.*(?:\n>.*)*)', re.M)
LINK = re.compile(r'(?<!\\)\]\(([^)#\s]+)(#[^)\s]*)?\)')

def page_of(nb): # 'nbs/03_gradients.ipynb'
    "Where a notebook's page goes: `lessons/03_gradients.ipynb`; from 80 on it is the workshop."
    if nb.name == 'index.ipynb': return 'index.ipynb'
    return f"{'lessons' if nb.name < '80' else 'workshop'}/{nb.name}"

def pages():
    "Every file of the repository that is a page of the site, and that page."
    res = {f'nbs/{p.name}': page_of(p) for p in sorted(ROOT.glob('nbs/*.ipynb'))}
    res |= {f'visionlab/{p.name}': f'source/{p.stem}.qmd' for p in sorted(ROOT.glob('visionlab/*.py')) if p.name[0] != '_'}
    return res | {src: to for src, to in TEXTS.items() if (ROOT/src).exists()}

def relink(text, src, dest, site): # markdown of the file `src` that becomes the page `dest`
    "Links between files of the repository become links between pages; to files that are no page, plain text."
    def target(m):
        if re.match(r'[a-z]+:', m[1]): return m[0]
        path = os.path.normpath(Pure(src).parent/m[1])
        anchor = re.sub(r'[^\w.#-]', '', (m[2] or '').lower())
        if path in site: return f'](/{site[path]}{anchor})'
        return f'](/{path})' if path.endswith(('.png', '.svg', '.jpg')) else '](nowhere)' if (ROOT/path).exists() else m[0]
    return re.sub(r'(?<!!)\[([^\[\]]*)\]\(nowhere\)', r'\1', LINK.sub(target, text))

def callouts(text):
    "`> **Tip: a title** text` reads well in Jupyter and on GitHub; here it becomes a box."
    def box(m):
        body = re.sub(r'^> ?', '', m[3], flags=re.M).strip()
        return f'::: {{.callout-{m[1].lower()}}}\n' + (f'## {m[2]}\n' if m[2] else '') + f'{body}\n:::'
    return CALLOUT.sub(box, text)

def starts(text):
    "A line of nothing but links is a row of buttons."
    return re.sub(r'^(\[[^\]\n]+\]\([^)\n]+\))((?: · \[[^\]\n]+\]\([^)\n]+\))+)$', lambda m: f"::: {{.vl-start}}\n{m[1]}{m[2].replace(' · ', ' ')}\n:::", text, flags=re.M)

def symbol_links(text, api, seen): # api: page of each exported name; seen: names linked on this page already
    "The first mention of an exported name in `backticks` leads to its place on an API page."
    def link(m):
        name = m[1].removesuffix('()')
        if name not in api or name in seen: return m[0]
        seen.add(name)
        return f'[{m[0]}]({api[name]})'
    def prose(part): return re.sub(r'(?<![`\[\\])`([A-Za-z_][\w.]*(?:\(\))?)`(?![`\]])', link, part)
    keep = re.compile(r'(^```.*?^```|^#+ .*?$|\[[^\]\n]*\]\([^)\n]*\)|^ {4}.*?$|<a .*?</a>)', re.M | re.S)  # code, headings, links
    return ''.join(part if i % 2 else prose(part) for i, part in enumerate(keep.split(text)))

def lesson(path, dest, site, api):
    "Write the page of one notebook."
    nb, seen, cells, module = json.loads(path.read_text(encoding='utf-8')), set(), [], None
    for c in nb['cells']: c['source'] = ''.join(c['source'])
    code = [c for c in nb['cells'] if c['cell_type'] == 'code']
    after = {id(c): then for c, then in zip(code, code[1:])}
    for c in nb['cells']:
        module = next((d.split()[1] for d in directives(c['source']) if d.startswith('default_exp ')), module)
        if c['cell_type'] == 'code': c = code_cell(c, after.get(id(c)))
        elif c['cell_type'] == 'markdown': c['source'] = symbol_links(cited(starts(callouts(relink(addressed(c['source'], address()), f'nbs/{path.name}', dest, site))), dest), api, seen)
        if c and (c['source'] or c.get('outputs')): cells.append(c)
    top = next((c for c in cells if c['cell_type'] == 'markdown'), dict(source=''))
    head = re.match(r'# (.+)\n+(?:> ?(.+(?:\n>.*)*)\n*)?', top['source'] + '\n')
    if not head: sys.exit(f'{path.name}: its first text must be "# title", then "> the question"')
    top['source'] = top['source'][head.end():]
    number = f'{path.name[:2]} ' if path.name[:2].isdigit() else ''
    front = dict(title=number + head[1], subtitle=re.sub(r'\n> ?', ' ', head[2] or ''))
    links = [f'<a href="{"../" if number else ""}notebooks/{path.name}" download>Notebook</a>'] * bool(number)
    if module and f'visionlab/{module}.py' in site: links.append(f'<a href="../api/{module}.html">visionlab.{module}</a>')
    cells.insert(0, dict(cell_type='raw', id='front', metadata={}, source='---\n' + ''.join(f'{k}: {json.dumps(v)}\n' for k, v in front.items() if v) + '---'))
    if links: cells.insert(1, dict(cell_type='markdown', id='links', metadata={}, source=f'<p class="vl-links">{" ".join(links)}</p>'))
    write(dest, json.dumps(nb | dict(cells=cells)))

def write(dest, text):
    (BUILD/dest).parent.mkdir(exist_ok=True)
    (BUILD/dest).write_text(text, encoding='utf-8')

def main():
    if BUILD == ROOT: sys.exit('the site is built in a folder of its own: run `make docs`, and after that `quarto render _build` if you like')
    site = pages()
    api, made = module_pages(ROOT, site)
    shutil.copytree(ROOT/'nbs'/'images', BUILD/'nbs'/'images', dirs_exist_ok=True)
    for dest, text in made.items(): write(dest, symbol_links(cited(text, dest), api, {Pure(dest).stem}) if dest.startswith('api/') else text)
    nbs = {dest: json.loads((ROOT/src).read_text(encoding='utf-8')) for src, dest in site.items() if src.endswith('.ipynb')}
    books, measured = [{dest: get(nb) for dest, nb in nbs.items()} for get in (lambda nb: nb['cells'], lambda nb: nb['metadata'].get('measured'))]
    for name, text in (('glossary', glossary(books)), ('papers', papers(books)), ('numbers', numbers(books, measured))): write(f'about/{name}.qmd', text)
    for src, dest in site.items():
        if src.endswith('.ipynb'): lesson(ROOT/src, dest, site, api)
        elif src.endswith('.md'): write(dest, relink((ROOT/src).read_text(encoding='utf-8'), src, dest, site))

if __name__ == '__main__': main()
