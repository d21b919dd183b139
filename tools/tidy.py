"""The form in which notebooks are saved: `python tools/tidy.py [nbs/03_gradients.ipynb ...]` (all of them by default).

Outputs only: no execution counts, no widget state (a widget leaves its first picture), no metadata but what folds a cell, how large a
picture is on the screen, and on what the outputs were measured. What matplotlib drew is packed (tools/pack.py). Whether two outputs are the same is judged with times ("12.3 ms", "00:03") left out. With `--staged`, as the git hook calls it that `make` installs,
the notebooks about to be committed are looked at: those that are not tidy are made so, and the commit waits until they are added again."""
import json, re, subprocess, sys
from pathlib import Path
import nbformat
from copies import directives
from pack import packed

VIEW = 'application/vnd.jupyter.widget-view+json'
TIME = re.compile(r'''\b\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?:[ \u00a0](?:ns|[uµμ]s|ms|s|sec|seconds?|min|minutes?|days?)\b|(?:ns|[uµμ]s|ms)\b)
    | \b\d+\.\d+s\b | \b\d+:\d\d(?::\d\d)?(?:\.\d+)?\b | \b\d[\d,]*(?=[ ](?:loops|runs)\b)''', re.X)

def widget_state(nb): return nb.metadata.get('widgets', {}).get('application/vnd.jupyter.widget-state+json', {}).get('state', {})

def inside(out, widgets): # one output; the notebook's widget state by model id
    "The states of the widgets an ipywidgets output is made of."
    todo, seen = [out['data'][VIEW]['model_id']], []
    while todo:
        m = todo.pop(0)
        if m in seen or m not in widgets: continue
        seen.append(m)
        todo += [c.removeprefix('IPY_MODEL_') for c in widgets[m]['state'].get('children', [])]
    return [widgets[m] for m in seen]

def widget_picture(out, widgets):
    "What an ipywidgets output showed first, as an ordinary output: its picture, else its other output, else None."
    shown = [o for w in inside(out, widgets) for o in w['state'].get('outputs', [])]
    return next((o for o in shown if 'image/png' in o.get('data', {})), shown[0] if shown else None)

def tidy(nb):
    "The notebook with nothing in it that changes from run to run."
    widgets = widget_state(nb)
    kept = {k: v for k, v in nb.metadata.items() if k == 'measured'}  # written by tools/run_nbs.py, shown among the numbers of the site
    nb.metadata = nbformat.from_dict({'kernelspec': dict(display_name='python3', language='python', name='python3'), **kept})
    nb.nbformat, nb.nbformat_minor = 4, 5
    for c in nb.cells:
        c.metadata = nbformat.from_dict({k: v for k, v in c.metadata.items() if k == 'jupyter'})
        if c.cell_type != 'code': continue
        if 'code-fold: true' in directives(c.source): c.metadata.jupyter = nbformat.from_dict({'source_hidden': True})  # folded on the site, folded in Jupyter
        c.execution_count = None
        outs = [widget_picture(o, widgets) if VIEW in o.get('data', {}) else o for o in c.outputs]
        c.outputs = [nbformat.from_dict(o) for o in outs if o]
        for o in c.outputs:
            if 'execution_count' in o: o.execution_count = None
            if 'metadata' in o: o.metadata = {k: v for k, v in o.metadata.items() if k.startswith('image/')}
            data = o.get('data', {})
            if 'image/png' in data: data['image/png'] = packed(data['image/png'])
            if 'text/plain' in data: data['text/plain'] = re.sub(r' at 0x[0-9a-f]{6,}', '', data['text/plain'])
            for n, u in enumerate(dict.fromkeys(re.findall(r'id="T_([0-9a-f]{5})"', data.get('text/html', '')))):  # a pandas Styler's random name
                data['text/html'] = data['text/html'].replace(f'T_{u}', f'T_{c.id}{n or ""}')
    return nb

def masked(outs):
    "Outputs as text, with each time replaced by a mark and runs of blanks by one."
    def mask(v): return re.sub(r'\s+', ' ', TIME.sub('<time>', v)) if isinstance(v, str) else v
    return json.dumps([{**o, 'text': mask(o.get('text')), 'data': {k: v if k.startswith('image/png') else mask(v) for k, v in o.get('data', {}).items()}}
                       for o in outs], sort_keys=True)

def text(nb):
    "The bytes of the file, as Jupyter writes them."
    return nbformat.writes(nb, 4).rstrip('\n') + '\n'

def staged():
    "The notebooks about to be committed that are not tidy; each is tidied in the working tree."
    def git(*args): return subprocess.run(['git', *args], capture_output=True, check=True).stdout.decode()
    for name in git('diff', '--cached', '--name-only', '--diff-filter=d', '-z', '--', '*.ipynb').split('\0')[:-1]:
        was = git('show', f':{name}')
        if text(tidy(nbformat.reads(was, 4))) != was: yield name

def main(names):
    hook = names == ['--staged']
    untidy = list(staged()) if hook else names or sorted(map(str, Path('nbs').glob('*.ipynb')))
    for name in untidy:
        path = Path(name)
        was = path.read_text(encoding='utf-8')
        path.write_text(text(tidy(nbformat.reads(was, 4))), encoding='utf-8', newline='\n')
    if hook and untidy: sys.exit(f'tidy: outputs held more than a notebook is saved with. Tidied now: {", ".join(untidy)}. Add and commit again: git add {" ".join(untidy)}')

if __name__ == '__main__': main(sys.argv[1:])
