"""Write the stubs that editors and type checkers read: `python tools/stubs.py`.

A checker does not see a method that a later module adds by `@patch`, a callback that `Learner` keeps under its name, or an `__all__` that is
computed. So every module with a patched class gets a `.pyi` beside it, read off the exported source without running it: signatures,
first lines of docstrings, attributes, and all that later modules add. `visionlab.all` gets one with its names written out."""
import ast, re
from copy import deepcopy
from pathlib import Path
from fastcore.basics import camel2snake

PACKAGE = Path(__file__).resolve().parent.parent/'visionlab'
KEPT = {'property', 'classmethod', 'staticmethod', 'contextmanager', 'setter'}  # decorators that checkers know
IMPORTS = (ast.Import, ast.ImportFrom)

def words(node): return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} if node else set()

def last(node): # a decorator or a base class: 'patch' of `patch(as_prop=True)`, 'Module' of `nn.Module`
    return ast.unparse(node.func if isinstance(node, ast.Call) else node).split('.')[-1]

def of(kind, nodes): return [n for n in nodes if isinstance(n, kind)]

def patched(f): return any(last(d).startswith('patch') for d in f.decorator_list)

def doc(node, indent):
    text = (ast.get_docstring(node) or '').split('\n')[0]
    return f'{indent}{text!r}\n' if text else ''

def type_of(a, default=None):
    "An annotation as checkers want it: what defaults to None may be None."
    optional = isinstance(default, ast.Constant) and default.value is None and not re.search(r'\b(None|Optional|Any)\b', ast.unparse(a))
    return ast.parse(f'{ast.unparse(a)} | None', mode='eval').body if optional else a

def function(f, indent=''):
    "The stub of a function or method."
    a = deepcopy(f.args)
    args = a.posonlyargs + a.args
    for p, d in [*zip(args, [None]*(len(args) - len(a.defaults)) + a.defaults), *zip(a.kwonlyargs, a.kw_defaults)]:
        if p.annotation: p.annotation = type_of(p.annotation, d)
    if patched(f): args[0].annotation = None
    for ds in (a.defaults, a.kw_defaults): ds[:] = [d if d is None or isinstance(d, (ast.Constant, ast.UnaryOp)) else ast.Constant(...) for d in ds]
    marks = [ast.unparse(d) for d in f.decorator_list if last(d) in KEPT]
    marks += ['property' for d in f.decorator_list if 'as_prop=True' in ast.unparse(d)]
    returns = f' -> {ast.unparse(f.returns)}' if f.returns else ''
    said = doc(f, indent + '    ')
    return ''.join(f'{indent}@{m}\n' for m in marks) + f'{indent}def {f.name}({ast.unparse(a)}){returns}:' + (f'\n{said}' if said else ' ...\n')

def attributes(body, methods):
    "What a class holds, and what its methods set on `self`, with types where they are told."
    res = {}
    for n in of((ast.Assign, ast.AnnAssign), body):
        for t in n.targets if isinstance(n, ast.Assign) else [n.target]:
            told = n.annotation if isinstance(n, ast.AnnAssign) else None
            for w in of(ast.Name, getattr(t, 'elts', [t])): res[w.id] = ast.unparse(told) if told else 'Any'
    for f in methods:
        told = {p.arg: ast.unparse(p.annotation) for p in f.args.args if p.annotation and f.name == '__init__'}
        for n in of(ast.Attribute, ast.walk(f)):
            if isinstance(n.ctx, ast.Store) and f.args.args and ast.unparse(n.value) == f.args.args[0].arg: res.setdefault(n.attr, told.get(n.attr, 'Any'))
    return {k: v for k, v in res.items() if k[0] != '_' and k not in {f.name for f in methods}}

def class_(c, added, callbacks):
    "The stub of a class, with what later modules add; where callbacks are attributes, no other unknown name is one."
    held = attributes(c.body, [])  # a property made by a call may have its setter defined below
    methods = [f for f in of(ast.FunctionDef, c.body) if f.name not in held] + added
    public = [f for f in methods if not re.match('_[^_]', f.name) and not (callbacks and f.name == '__getattr__')]
    text = doc(c, '    ') + ''.join(f'    {k}: {v}\n' for k, v in {**attributes(c.body, methods), **callbacks}.items())
    text += ''.join(function(f, '    ') for f in public)
    bases = f"({', '.join(map(ast.unparse, c.bases))})" if c.bases else ''
    return ''.join(f'@{ast.unparse(d)}\n' for d in c.decorator_list if last(d) in KEPT) + f'class {c.name}{bases}:\n' + (text or '    ...\n')

def names(tree, trees):
    "What `import *` takes from a module."
    lists = [n.value for n in of((ast.Assign, ast.AugAssign), tree.body) if '__all__' in words(n) and isinstance(n.value, ast.List) and n.value.elts]
    if lists: return [o for v in lists for o in ast.literal_eval(v)]
    found = [names(trees[n.module], trees) if a.name == '*' else [a.asname or a.name.split('.')[0]] for n in of(IMPORTS, tree.body) for a in n.names]
    return sorted({o for os in found for o in os if o[0] != '_'})

def origin(word, module, trees):
    "The line that imports, elsewhere, a name that a module defines or imports itself."
    if any(c.name == word for c in of((ast.ClassDef, ast.FunctionDef), trees[module].body)): return f'from .{module} import {word}'
    found = [type(n)(**{**vars(n), 'names': [a]}) for n in of(IMPORTS, trees[module].body) for a in n.names if (a.asname or a.name) == word]
    return ast.unparse(found[0]) if found else ''

def stub(name, trees, added, callbacks):
    "The text of one module's stub."
    tree, text, lines = trees[name], '', set()
    for n in tree.body:
        if isinstance(n, ast.ClassDef):
            here = callbacks if n.name == 'Learner' else {}
            lines |= {f'from .{m} import {cls}' for cls, m in here.values() if m != name}
            lines |= {origin(w, m, trees) for f, m in added.get(n.name, []) if m != name for a in (f.args, f.returns) for w in words(a)}
            text += '\n' + class_(n, [f for f, _ in added.get(n.name, [])], {k: cls for k, (cls, _) in here.items()})
        elif isinstance(n, ast.FunctionDef) and n.name[0] != '_' and not patched(n): text += '\n' + function(n)
        elif isinstance(n, (ast.Assign, ast.AnnAssign)): text += ''.join(f'\n{k}: {v}\n' for k, v in attributes([n], []).items())
    own = {f'from .{name} import {c.name}' for c in of((ast.ClassDef, ast.FunctionDef), tree.body)}
    head = '\n'.join(sorted({'from typing import Any', *map(ast.unparse, of(IMPORTS, tree.body)), *lines} - own - {''}))
    return f'# Written by tools/stubs.py from {name}.py and what later modules add to it. Not to be edited.\n{head}\n\n__all__ = {names(tree, trees)}\n{text}'

def make(package=PACKAGE):
    "The text of every stub, by the name of its module."
    trees = {p.stem: ast.parse(p.read_text(encoding='utf-8')) for p in sorted(package.glob('[a-z]*.py'))}
    classes, added = {c.name: (c, m) for m, t in trees.items() for c in of(ast.ClassDef, t.body)}, {}
    for m, t in trees.items():
        for f in filter(patched, of(ast.FunctionDef, t.body)):
            for cls in words(f.args.args[0].annotation) & set(classes): added.setdefault(cls, []).append((f, m))
    def is_callback(c): return any(last(b) == 'Callback' or last(b) in classes and is_callback(classes[last(b)][0]) for b in c.bases)
    callbacks = {camel2snake(re.sub('Callback$', '', n)): (n, m) for n, (c, m) in classes.items() if n[0] != '_' and is_callback(c)}
    return {m: stub(m, trees, added, callbacks) for m in trees if m == 'all' or any(classes[c][1] == m for c in added)}

def main():
    made = make()
    for old in set(PACKAGE.glob('*.pyi')) - {PACKAGE/f'{m}.pyi' for m in made}: old.unlink()
    for m, text in made.items(): (PACKAGE/f'{m}.pyi').write_text(text, encoding='utf-8', newline='\n')
    print(f'stubs: {", ".join(made)}')

if __name__ == '__main__': main()
