"""A code cell of a notebook as the site shows it: directives obeyed, pictures described, what moves in place of what stands still."""
import html, json, re
from gather import reproduced
from pictures import figure
from tidy import directives, VIEW

HIDE = re.compile(r'hide$|default_exp\b')
OURS = re.compile(r'#\|\s*(default_exp|exports?i?|hide\w*|slow|cuda|eval:)(\s|$)')
NOTE, STILL = r'(?<=<p class="vl-note">)[^<]*', 'A still picture: where scripts may run, it moves.'  # in Jupyter it says to run the cell
OPTION = re.compile(r'^#\|\s*(?!eval\b)([a-z]+(?:-[a-z]+)*)\s*:\s*(.+?)\s*$', re.M)
def options(source): # of a code cell
    "What its `#| key: value` lines say, wherever they stand; quotes round a value are no part of it."
    return {k: v[1:-1] if len(v) > 1 and v[0] == v[-1] and v[0] in '"\'' else v for k, v in OPTION.findall(source)}

def legible(page):
    "A table of pandas's with colours, its digits in the one of black and white that is seen best."
    def text(m):
        light = sum(w*((c/255 + .055)/1.055)**2.4 for w, c in zip((.2126, .7152, .0722), bytes.fromhex(m[1])))
        return f'background-color: #{m[1]};{m[2]}color: #{"000000" if light > .18 else "ffffff"}'
    return re.sub(r'background-color: #([0-9a-f]{6});(\s*)color: #[0-9a-f]{6}', text, page)

def is_live(c): return any('class="vl-live' in ''.join(o.get('data', {}).get('text/html', '')) for o in c.get('outputs', []))

def code_cell(c, then):
    "A code cell with nbdev's directives obeyed and taken out; None when it is hidden. `then` is the code cell after it."
    said, opts = directives(c['source']), options(c['source'])
    if any(HIDE.match(d) for d in said): return None
    opts |= {k: 'false' for d, k in (('hide_input', 'echo'), ('hide_output', 'output')) if d in said}
    lines = [l for l in c['source'].split('\n') if not OURS.match(l) and not OPTION.match(l)]
    twin = 'interact' in c['source'] and then and is_live(then)  # the figure that follows lives without a kernel, so no still picture here
    outs = [{**o, 'data': {k: legible(''.join(v)) if k == 'text/html' else v for k, v in o['data'].items()}} if 'data' in o else o for o in c['outputs']]
    c['outputs'] = [o for o in outs if VIEW not in o.get('data', {}) and not (twin and 'image/png' in o.get('data', {}))]  # a widget is a picture since tools/tidy.py
    for i, o in enumerate(c['outputs']):
        png = o.get('data', {}).get('image/png')
        if png: o['data'] = {'text/html': figure(''.join(png), opts.get('fig-alt', ''), f'fig-{c["id"]}-{i}', o.get('metadata', {}).get('image/png', {}).get('width'))}
    if reproduced(c):
        out = next(o for o in c['outputs'] if 'text/html' in o.get('data', {}))
        out['data'] = {'text/html': f'<details class="code-fold"><summary>numbers this lesson reproduces</summary><div>{out["data"]["text/html"]}</div><p><a href="../about/numbers.html">Those of all lessons</a></p></details>'}
        opts |= {'echo': 'false'}
    if 'fig-cap' in opts and is_live(c): c['outputs'] += [dict(output_type='display_data', metadata={}, data={'text/html': f'<p class="vl-cap">{html.escape(opts["fig-cap"])}</p>'})]
    for o in c['outputs']:
        if 'text/html' in o.get('data', {}): o['data']['text/html'] = re.sub(NOTE, STILL, o['data']['text/html'])
    bare = {k: v if v in ('true', 'false') else json.dumps(v, ensure_ascii=False) for k, v in opts.items()}
    return {**c, 'source': '\n'.join([f'#| {k}: {v}' for k, v in bare.items()] + lines).strip('\n')}
