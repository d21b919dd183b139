"""Make README.md, and the pictures it shows, from nbs/index.ipynb: `python tools/readme.py`."""
import base64, configparser, json, os, re
from pathlib import Path
from copies import addressed
from tidy import directives

ROOT = Path(__file__).resolve().parent.parent
PICTURES = 'nbs/images'  # where a picture drawn by a cell of the index is kept for the README

def joined(s): return s if isinstance(s, str) else ''.join(s or '')

def relink(text):
    "Links as seen from the root: `01_data.ipynb` becomes `nbs/01_data.ipynb`, `../LICENSE` becomes `LICENSE`."
    def move(m): return m[1] + (m[2] if re.match(r'[a-z]+:|#|/', m[2]) else os.path.normpath(f'nbs/{m[2]}').replace(os.sep, '/'))
    return re.sub(r'''(\]\(|\b(?:src|href)=["'])([^)\s"']+)''', move, text)

def address():
    "Where the repository can be fetched from; '' where it cannot yet."
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT/'settings.ini', encoding='utf-8')
    return settings['DEFAULT'].get('address', '')

def shown(out, pictures): # one output; the pictures so far, to which one may be added
    "An output as markdown."
    data = out.get('data', {})
    still = re.search(r'<img alt="([^"]*)" src="data:image/(png|webp);base64,([^"]+)', joined(data.get('text/html')))  # of a figure that moves on the site
    if 'image/png' in data or still:
        alt, kind, picture = still.groups() if still else (out['alt'], 'png', joined(data['image/png']))
        name = f'{PICTURES}/index-{len(pictures) + 1}.{kind}'
        pictures[name] = base64.b64decode(picture)
        return f'![{alt}]({name})'
    if 'text/markdown' in data: return relink(joined(data['text/markdown']))
    page = joined(data.get('text/html'))
    if '<script' in page: return ''  # a live figure with no picture in it: the README is no place for it
    if '<table' in page: return re.sub(r'<style.*?</style>|\s+(?:class|style|border)="[^"]*"', '', page, flags=re.S).strip()
    plain = (joined(out.get('text')) or joined(data.get('text/plain'))).rstrip()
    return f'```text\n{plain}\n```' if plain else ''

def make():
    "The text of the README, and the bytes of each picture by its path."
    parts, pictures = [], {}
    for c in json.loads((ROOT/'nbs'/'index.ipynb').read_text(encoding='utf-8'))['cells']:
        source = joined(c['source']).strip()
        if c['cell_type'] == 'markdown': parts.append(addressed(relink(source), address()))
        if c['cell_type'] != 'code' or {'hide'} & set(directives(source)): continue
        alt = re.search(r'^#\|\s*fig-alt:\s*(.+)$', source, re.M)
        code = '\n'.join(l for l in source.split('\n') if not l.startswith('#|')).strip()
        if code and 'hide_input' not in directives(source): parts.append(f'```python\n{code}\n```')
        parts += [shown({**o, 'alt': alt[1].strip('"') if alt else 'what this code draws'}, pictures) for o in c['outputs']]
    return '\n\n'.join(p for p in parts if p) + '\n', pictures

def main():
    text, pictures = make()
    (ROOT/PICTURES).mkdir(exist_ok=True)
    for old in (ROOT/PICTURES).glob('index-*'): old.unlink()
    for name, data in pictures.items(): (ROOT/name).write_bytes(data)
    (ROOT/'README.md').write_text(text, encoding='utf-8', newline='\n')
    print(f'README.md: {len(text.split())} words, {len(pictures)} pictures')

if __name__ == '__main__': main()
