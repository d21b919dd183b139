"""`make bench`: prepares the environment under bench/, measures part by part, prints the tables and writes RESULTS.md. Standard library only.

Run it with the Python that has visionlab. bench/.venv holds only what visionlab's own environment lacks (fastai, which needs
fastcore 2, and Lightning) and borrows torch from there, through a path file that comes after its own packages.

What a part measured is kept in bench/.parts, and RESULTS.md is written from all that is there: `make bench PARTS="loop stats"` measures
two parts again, `make bench PARTS=missing` those that were never measured, and `make bench PARTS=none` only writes. All of it
takes about 20 minutes on two quiet cores."""
import argparse, hashlib, json, os, platform, subprocess, sys, tempfile, time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import mean

here = Path(__file__).resolve().parent
root,venv,kept = here.parent,here/'.venv',here/'.parts'
py = venv/('Scripts/python.exe' if os.name=='nt' else 'bin/python')
LIBS = 'visionlab fastai lightning'.split()
PARTS = 'imports loop stats mnist99 mnist995 fashion92 pictures augment'.split()
OWN_TABLES = 'pictures','augment'  # parts that are no row of the first table

def call(args, **kw):
    "Run a step; on failure end with what it said."
    r = subprocess.run([str(a) for a in args], cwd=root, text=True, stderr=subprocess.PIPE, **kw)
    if r.returncode: sys.exit(f"bench: this step failed ({r.returncode}): {' '.join(map(str, args))}\n{r.stderr[-4000:]}")
    return r.stdout

def prepare():
    "Make bench/.venv unless it is there, complete, and made for this Python, this torch and these requirements."
    reqs = here/'requirements.txt'
    shared = [str(Path(find_spec('torch').origin).parents[1]), str(root)]
    pins = [f"{o}=={version(o)}" for o in ('torch', 'torchvision', 'numpy')]
    mark,want = venv/'made-for',hashlib.sha256('\n'.join([sys.version, *shared, *pins, reqs.read_text()]).encode()).hexdigest()
    if mark.exists() and mark.read_text()==want: return
    print('bench: making bench/.venv with fastai and Lightning (a minute; torch is shared)', flush=True)
    call([sys.executable, '-m', 'venv', '--clear', venv])
    site = call([py, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], stdout=subprocess.PIPE).strip()
    Path(site, 'zz_shared.pth').write_text('\n'.join(shared)+'\n', encoding='utf-8')
    with tempfile.TemporaryDirectory() as d:
        cons = Path(d, 'constraints.txt')
        cons.write_text('\n'.join(pins)+'\n')  # never a second torch
        call([py, '-m', 'pip', 'install', '-q', '-r', reqs, '-c', cons])
    mark.write_text(want)

def measure(part, a):
    "Have the script of this part measure; keep what it writes, and when and for how long it ran."
    start,load = time.time(),os.getloadavg()[0] if hasattr(os, 'getloadavg') else float('nan')
    kept.mkdir(exist_ok=True)
    new = kept/f'{part}.new'
    few = lambda name, n: [name, n] if n else []
    if part=='imports': call([sys.executable, here/'imports.py', '--bench', py, *few('--rounds', a.rounds), '--json', new])
    elif part in ('loop', 'stats'): call([py, here/'loop.py', part, *few('--rounds', a.rounds), '--json', new, *(['--random'] if a.random else [])])
    elif part in OWN_TABLES: call([py, here/f'{part}.py', *few('--rounds', a.rounds), '--json', new])
    else: call([py, here/'accuracy.py', part, *few('--seeds', a.seeds), '--json', new])
    res = json.loads(new.read_text()) | dict(minutes=(time.time()-start)/60, load=load, date=time.strftime('%Y-%m-%d'), on=hardware(), versions=versions())
    (kept/f'{part}.json').write_text(json.dumps(res))
    new.unlink()

def verdict(value, target, low=None, high=None):
    "Reached or missed by the median; a target between the quartiles `low` and `high` is no clear answer."
    if value is None: return 'not measured'
    unsure = ', within the noise' if low is not None and low<=target<high else ''
    return ('reached' if value<=target else f'missed by a factor of {value/target:.2f}')+unsure

def accurate(r):
    "What to add about the accuracy that the row names."
    if 'errors' not in r: return ''
    n,avg = sum(e<=r['limit'] for e in r['errors']),1-mean(r['errors'])/1e4
    return f"; {avg:.2%} on average, {n} of {len(r['errors'])} seeds" + ('' if 1-avg<=r['limit']/1e4 else ', which misses the accuracy')

FORMS = {'us': (lambda v: f'{v:+,.0f} µs', lambda v: f'{v:+,.0f}', '≤ {:+} µs'), 'x': (lambda v: f'{v:.3f}', lambda v: f'{v:.3f}', '≤ {}'),
         's': (lambda v: f'{v:.1f} s', lambda v: f'{v:.1f}', '≤ {} s')}

def table_row(r):
    "The cells of a row that loop.py or accuracy.py wrote."
    mid,edge,aim = FORMS[r['unit']]
    q = r['quartiles']
    show = lambda l: f'{mid(q[l][1])} ({edge(q[l][0])} … {edge(q[l][2])})' if l in q else '–'
    plain = f"{1e6*r['seconds']/r['batches']:.0f} µs" if r['unit']=='us' else f"1 ({r['seconds']:.2f} s)" if 'seconds' in r else '–'
    low,value,high = q.get('visionlab', [None]*3)
    if 'target' not in r: return [r['name'], plain, *map(show, LIBS), '–', '–']
    return [r['name'], plain, *map(show, LIBS), aim.format(r['target']), verdict(value, r['target'], low, high)+accurate(r)]

def import_rows(imp):
    s = imp['seconds']
    fmt = lambda k: '+{1:.2f} s (CPU {2:.2f})'.format(*s[k]) if k in s else '–'
    for name,k in (("`import visionlab.all` beyond torch, torchvision and matplotlib", 'visionlab'), ('the same under fastcore 2', 'visionlab2')):
        base = next(iter(s.values()))[0]
        yield [name, f'{s.get(k, [base])[0]:.2f} s', fmt(k), fmt('fastai'), fmt('lightning'), '≤ +0.5 s', verdict(s[k][1] if k in s else None, .5)]

def table(head, rows):
    line = lambda cells: f"| {' | '.join(cells)} |"
    return '\n'.join(map(line, [head, ['---']*len(head), *rows]))

def results(parts):
    "The tables, from what the parts wrote."
    rows = []
    for k in PARTS:
        if k in OWN_TABLES: continue
        if k not in parts: rows.append([f'{k}: not measured yet', *['–']*6])
        else: rows += import_rows(parts[k]) if k=='imports' else map(table_row, parts[k]['rows'])
    seeds = [[what, *(f'{e} ({t:.1f} s)' for t,e in runs)] for k in PARTS for what,runs in parts.get(k, {}).get('seeds', {}).items()]
    n = max((len(r)-1 for r in seeds), default=0)
    return (table(['', 'plain PyTorch', 'visionlab', 'fastai', 'Lightning', 'to reach', 'visionlab'], rows),
            table(['errors of 10,000', *(f'seed {i}' for i in range(n))], [r+['–']*(n+1-len(r)) for r in seeds]) if seeds else 'Not measured yet.')

def pictures(part):
    "Epochs from files, and what decoders do alone."
    if not part: return 'Not measured yet.'
    names = dict(tensors='resident in memory', visionlab='visionlab', plain='ImageFolder, a worker a core', fastai='fastai', fastai0='fastai, no workers')
    libs = [l for l in names if l in part['epochs'][0]['quartiles']]
    rows = [[r['name'], *('{1:.2f} s ({0:.2f} … {2:.2f})'.format(*r['quartiles'][l]) for l in libs)] for r in part['epochs']]
    return table(['', *map(names.get, libs)], rows) + '\n\n' + table(['decoder', 'pictures a second'],
                 [[k, '{1:,.0f} ({0:,.0f} … {2:,.0f})'.format(*q)] for k,q in part['decode'].items()])

def augment(part):
    "Pictures changed at random in a second: here more is better."
    if not part: return 'Not measured yet.'
    libs = list(part['rates'][0]['quartiles'])
    def row(r):
        low,value,high = r['quartiles']['visionlab']
        unsure = ', within the noise' if r['target'] and low<=r['target']<high else ''
        reached = ('–' if not r['target'] else 'reached' if value>=r['target'] else f"missed by a factor of {r['target']/value:.2f}")+unsure
        return [r['name'], *('{1:,.0f} ({0:,.0f} … {2:,.0f})'.format(*r['quartiles'][l]) for l in libs), f"≥ {r['target']:,}" if r['target'] else '–', reached]
    return table(['pictures a second', *libs, 'to reach', 'visionlab'], map(row, part['rates']))

def hardware():
    def cpu():
        info = Path('/proc/cpuinfo')
        names = [l.split(':', 1)[1].strip() for l in info.read_text().splitlines() if l.startswith('model name')] if info.exists() else []
        return names[0] if names else platform.processor() or platform.machine()
    try: mem = f"{os.sysconf('SC_PAGE_SIZE')*os.sysconf('SC_PHYS_PAGES')/2**30:.0f} GiB"
    except (AttributeError, ValueError, OSError): mem = 'unknown'
    return f'{cpu()}, {os.cpu_count()} cores, {mem} of memory, {platform.system()}'

def versions():
    ask = 'import sys, json; from importlib.metadata import version; print(json.dumps({o: version(o) for o in sys.argv[1:]}))'
    get = lambda p,*names: json.loads(call([p, '-c', ask, *names], stdout=subprocess.PIPE))
    main,bench = get(sys.executable, 'torch', 'torchvision', 'matplotlib', 'fastcore'),get(py, 'fastai', 'lightning', 'fastcore')
    main['fastcore'] += f" ({bench.pop('fastcore')} under bench/)"
    return ', '.join(f'{k} {v}' for k,v in {'Python': platform.python_version(), **main, **bench}.items())

def page(parts, rows, seeds):
    "RESULTS.md. What the parts have in common is said once."
    every = lambda k: '; '.join(dict.fromkeys(o[k] for o in parts.values()))
    of = lambda part,k,default='–': parts.get(part, {}).get(k, default)
    when = table(['part', 'measured on', 'took', 'load average when it started', 'machine'],
                 [[k, o['date'], f"{o['minutes']:.1f} min", f"{o['load']:.1f}", o['on']] for k,o in parts.items()])
    return f"""# Measured side by side

Written by `make bench`. The claims are about ratios: every number is the median over rounds (or seeds) of a ratio to, or a difference from,
the plain loop of the same round in the same process, with quartiles in brackets; where the target is in seconds it is the mean over
seeds, with the fastest and the slowest. Nothing here is tested against a clock.

{rows}

Every seed, in errors of 10,000 test pictures and seconds of training:

{seeds}

## Pictures from files

{pictures(parts.get('pictures'))}

## Pictures changed at random

{augment(parts.get('augment'))}

## How it was measured

{when}

- **Versions**: {every('versions')}.
- **Rounds**: {of('loop', 'rounds')} for the loops, {of('stats', 'rounds')} for the statistics (all take turns within a round, and a different one
  begins each time), {of('imports', 'rounds')} for the imports (fresh processes taking turns, one more round thrown away).
- **Loops**: {of('loop', 'pictures', 0):,} {of('loop', 'data')} resident in memory, shuffled once an epoch and sliced; no validation, bars, loggers or checkpoints for
  anyone; torch's SGD with momentum for everyone. Before anything is timed all must reach the same weights from the same seed. visionlab uses its own
  `DataLoader`, the others are given the plain loop's. fastai runs with its default callbacks, Lightning in `barebones` mode. The tiny model is 10-10-2
  with batches of 16, the conv net 1-8-16-32-64-10 with stride 2 and batchnorm.
- **Statistics**: each library's epoch with its `ActivationStats(with_hist=True)` over its own epoch without, on the ten layers of the
  ten-digit network of lessons 12 and 13 (five convolutions, four ReLUs, a Flatten).
- **99.0 %**: the recipe of `make demo` on {of('mnist99', 'threads')} threads, but for three quarters of an epoch: 45,000 random digits, each seen once, in batches
  of 96; 23,130 parameters; torch's fused AdamW for everyone; three trainings a seed, whose median time is in the second table. The plain loop and the
  `Learner` do the same arithmetic, so their errors should agree. The textbook recipe: stride-2 convolutions 1-8-16-32-64-10 with batchnorm, five epochs
  in batches of 512, 1cycle at .1, each library's own Adam, data in memory for both.
- **99.5 % and 92 %**: the demo's network with more channels, through the `Learner`; see `RECIPES` in `bench/accuracy.py`. Pictures are
  changed at random in training (shifts of up to two pixels; mirror images). The accuracy is that of the mean probabilities over a few views of each
  test picture (four shifts by a pixel; the picture and its mirror image); the second table also says what one view gives. The time is that of training.
- **Pictures from files**: {of('pictures', 'rounds')} rounds in one process, the loaders taking turns, each new in its round; seconds an epoch, files in the system's
  cache. The JPEG files have {of('pictures', 'kilobytes')} kB each. visionlab keeps what it has read where it fits into a quarter of the memory; its second epoch includes
  putting that together. torch computes on one thread, and fastai has its default of a worker a core, and none. Decoders: CPU time on one thread, from bytes in memory
  to an array of 500 × 400 pixels, or one of 200 at least where that is said.
"""

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('parts', nargs='*', help=f"of {' '.join(PARTS)}; or 'missing', or 'none'; all when not given")
    p.add_argument('--rounds', type=int, help='rounds of the imports, the loops and the statistics')
    p.add_argument('--seeds', type=int, help='seeds of the trainings to an accuracy')
    p.add_argument('--random', action='store_true', help='random pictures instead of MNIST, where accuracy does not matter')
    p.add_argument('--out', type=Path, default=here/'RESULTS.md')
    a = p.parse_args()
    if odd := set(a.parts) - {*PARTS, 'missing', 'none'}: p.error(f"there is no part {', '.join(odd)}; the parts are {' '.join(PARTS)}")
    prepare()
    have = lambda k: (kept/f'{k}.json').exists()
    todo = PARTS if not a.parts else [k for k in PARTS if k in a.parts or 'missing' in a.parts and not have(k)]
    for i,k in enumerate(todo):
        print(f'bench: {k}, part {i+1} of {len(todo)}', flush=True)
        measure(k, a)
    parts = {k: json.loads((kept/f'{k}.json').read_text()) for k in PARTS if have(k)}
    rows,seeds = results(parts)
    print(f'\n{rows}\n\n{seeds}')
    a.out.write_text(page(parts, rows, seeds), encoding='utf-8')
    print(f'\nbench: wrote {a.out.relative_to(root) if a.out.is_relative_to(root) else a.out}')

if __name__ == '__main__': main()
