"""The API and source pages of the site, made from the package itself: signatures, parameter tables, docstrings, source."""
import ast, html, inspect, re, textwrap
from importlib import import_module
from operator import attrgetter
from fastcore.docments import docments

def show(v):
    "A default as it is written in code."
    return repr(v) if isinstance(v, (str, int, float, tuple, list, dict, type(None))) else getattr(v, '__name__', None) or str(v)

def annotations(obj):
    "The types of parameters and of the result, as the source writes them."
    try: d = ast.parse(textwrap.dedent(inspect.getsource(obj.__init__ if inspect.isclass(obj) else obj))).body[0]
    except (OSError, TypeError, SyntaxError): return {}
    a = d.args
    res = {p.arg: p.annotation for p in a.posonlyargs + a.args + a.kwonlyargs + [o for o in (a.vararg, a.kwarg) if o]} | {'return': d.returns}
    return {k: ast.unparse(v) for k, v in res.items() if v}

def signature(obj, name):
    "`name(x: Tensor, n: int = 3)`, one parameter a line when it gets long."
    try: sig, types = inspect.signature(obj), annotations(obj)
    except (ValueError, TypeError): return name
    def one(p):
        star, type_ = {p.VAR_POSITIONAL: '*', p.VAR_KEYWORD: '**'}.get(p.kind, ''), types.get(p.name)
        return star + p.name + (f': {type_}' if type_ else '') + ('' if p.default is p.empty else f' = {show(p.default)}' if type_ else f'={show(p.default)}')
    ps = [one(p) for p in sig.parameters.values() if p.name not in ('self', 'cls')]
    ret = f" -> {types['return']}" if 'return' in types and not inspect.isclass(obj) else ''
    flat = f"{name}({', '.join(ps)}){ret}"
    return flat if len(flat) < 90 else f'{name}(\n    ' + ',\n    '.join(ps) + f',\n){ret}'

def table(obj):
    "The parameters with the comment beside each, and what comes back."
    rows, types = [], annotations(obj)
    for name, p in docments(obj, full=True, args_kwargs=True).items():
        note = (p.docment or '').replace('\n', ' ').replace('|', '&#124;')
        if name in ('self', 'cls') or (name == 'return' and (not note or inspect.isclass(obj))): continue
        default = '' if p.default is inspect.Parameter.empty else show(p.default)
        code = [f'<code>{html.escape(s)}</code>'.replace('|', '&#124;') if s else '' for s in (types.get(name), default)]
        rows.append(f"| {'*returns*' if name == 'return' else f'`{name}`'} | {code[0]} | {code[1]} | {note} |")
    if not any(r.rsplit('|', 2)[1].strip() for r in rows): return ''
    return '::: {.vl-params}\n| parameter | type | default | meaning |\n|---|---|---|---|\n' + '\n'.join(rows) + '\n:::\n'

def entry(obj, name, level, module, anchor):
    "One documented name: heading, link to its source, signature, docstring, parameters."
    doc = inspect.cleandoc(getattr(obj, '__doc__', None) or '')
    fn = obj.fget if isinstance(obj, property) else obj
    code = f'```python\n{name if isinstance(obj, property) else signature(fn, name)}\n```\n' if callable(fn) else f'```python\n{name} = {repr(obj)[:200]}\n```\n'
    tbl = table(fn) if callable(fn) and not isinstance(obj, property) else ''
    return f"{'#'*level} {name} {{#{name}}}\n\n[source](/source/{module}.qmd#{anchor}){{.vl-source}}\n\n{code}\n{doc if callable(fn) else ''}\n\n{tbl}\n"

def members(cls):
    "The public methods and properties a class defines, and `__call__`."
    for n, v in vars(cls).items():
        v = v.__func__ if isinstance(v, (classmethod, staticmethod)) else v
        if (n[0] != '_' or n == '__call__') and (inspect.isfunction(v) or isinstance(v, property)) and v.__doc__: yield n, v

def api_page(mod, nb, site):
    "Every name a module exports."
    short, own, on = mod.__name__.split('.')[-1], [], []
    for n in mod.__all__:
        obj = getattr(mod, n)
        home = getattr(obj, '__module__', None) if callable(obj) else mod.__name__ if re.search(rf'^{n}\b.*=', inspect.getsource(mod), re.M) else None
        (own if home == mod.__name__ else on).append((n, obj))
    text = f'---\ntitle: "{mod.__name__}"\nsubtitle: {(mod.__doc__ or "").strip()!r}\n---\n\n'
    text += f'::: {{.vl-links}}\n[Notebook {nb}](/{site["nbs/" + nb]}) [Source](/source/{short}.qmd)\n:::\n\n'
    for n, obj in own:
        text += entry(obj, n, 2, short, n)
        for m, f in members(obj) if inspect.isclass(obj) else ():
            home = f.__module__ if inspect.isfunction(f) else mod.__name__
            if home == mod.__name__: text += entry(f, f'{n}.{m}', 3, short, n)
    for path, m in patches(inspect.getsource(mod)):
        cls, full = attrgetter(path)(mod), f'{path.split(".")[-1]}.{m}'
        if not m.startswith('_') and cls.__module__ != mod.__name__: text += entry(getattr(cls, m), full, 2, short, full)
    if on: text += '## Handed on\n\nFrom elsewhere, so that one import is enough: ' + ', '.join(f'`{n}`' for n, _ in sorted(on, key=lambda o: o[0].lower())) + '.\n'
    return text

def source_page(mod, path):
    "A module's source in the blocks its notebook exports, with an anchor at every definition."
    src, blocks = path.read_text(encoding='utf-8'), []
    for block in re.split(r'^(?=# %% )', src, flags=re.M)[1:]:
        head, _, code = block.partition('\n')
        if head.startswith('# %% auto'): continue
        names = []
        for d in ast.parse(code).body:
            if not isinstance(d, (ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)): continue
            if isinstance(d, ast.Assign): names += [n.id for t in d.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
            elif isinstance(d, ast.AnnAssign): names += [ast.unparse(d.target)]
            elif is_patch(d): names += [f'{cls.split(".")[-1]}.{d.name}' for cls in patched_classes(d)]
            else: names.append(d.name)
        blocks.append(''.join(f'<span id="{n}" class="vl-anchor"></span>' for n in dict.fromkeys(names)) + f'\n\n```python\n{code.strip()}\n```\n')
    return f'---\ntitle: "Source of {mod}"\ntoc: false\nsearch: false\n---\n\n::: {{.vl-links}}\n[{mod}](/api/{path.stem}.qmd)\n:::\n\n' + '\n'.join(blocks)

def is_patch(d):
    "Whether a definition has the decorator `patch`: `@patch`, `@patch(as_prop=True)` or `@basics.patch`."
    called = [o.func if isinstance(o, ast.Call) else o for o in d.decorator_list]
    return any('patch' == (o.id if isinstance(o, ast.Name) else getattr(o, 'attr', None)) for o in called)

def patched_classes(d): # a function with `@patch`
    "The classes it is added to, as its source names them: `Image.Image`."
    return re.findall(r'[\w.]+', ast.unparse(d.args.args[0].annotation))

def patches(src):
    "What a module's source adds to classes of other modules: ('Learner', 'lr_find')."
    defs = [d for d in ast.parse(src).body if isinstance(d, ast.FunctionDef) and is_patch(d)]
    return [(cls, d.name) for d in defs for cls in patched_classes(d)]

def module_pages(root, site):
    "Where each exported name is documented, and the text of every API and source page."
    api, pages = {}, {}
    for path in sorted(root.glob('visionlab/*.py')):
        name = f'visionlab.{path.stem}'
        if path.name[0] == '_': continue
        mod = import_module(name)
        nb = re.search(r'File to edit: \.\./nbs/(\S+\.ipynb)', path.read_text(encoding='utf-8'))[1]
        text = api_page(mod, nb, site)
        pages[f'api/{path.stem}.qmd'], pages[f'source/{path.stem}.qmd'] = text, source_page(name, path)
        api[name] = f'/api/{path.stem}.qmd'
        api |= {n: f'/api/{path.stem}.qmd#{n}' for n in re.findall(r'^#{2,3} \S+ \{#([\w.]+)\}', text, re.M)}
    return api, pages
