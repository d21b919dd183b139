"""`make bench`: prepares the environment under bench/, measures, prints the table and writes RESULTS.md. Standard library only.

Run it with the Python that has visionlab. bench/.venv holds only what visionlab's own environment lacks (fastai, which needs
fastcore 2, and Lightning) and borrows torch from there, through a path file that comes after its own packages."""
import argparse, hashlib, json, os, platform, subprocess, sys, tempfile, time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

here = Path(__file__).resolve().parent
root,venv = here.parent,here/'.venv'
py = venv/('Scripts/python.exe' if os.name=='nt' else 'bin/python')
LIBS = 'visionlab fastai lightning'.split()

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

def measure(a):
    "What loop.py and imports.py write."
    with tempfile.TemporaryDirectory() as d:
        loop,imports = Path(d, 'loop.json'),Path(d, 'imports.json')
        call([sys.executable, here/'imports.py', '--bench', py, '--rounds', a.import_rounds, '--json', imports])
        call([py, here/'loop.py', '--rounds', a.rounds, '--json', loop, *(['--random'] if a.random else [])])
        return json.loads(loop.read_text()),json.loads(imports.read_text())

def verdict(value, target, low=None, high=None):
    "Reached or missed by the median; a target between the quartiles `low` and `high` is no clear answer."
    if value is None: return 'not measured'
    unsure = ', within the noise' if low is not None and low<=target<high else ''
    return ('reached' if value<=target else f'missed by a factor of {value/target:.2f}')+unsure

def loop_rows(rows):
    for r in rows:
        if 'missing' in r:
            yield [r['name'], *['–']*4, f"≤ +{r['target']} µs", r['missing']]
            continue
        us,q = r['unit']=='us',r['quartiles']
        fmt = (lambda v: f'{v:+,.0f}') if us else (lambda v: f'{v:.3f}')
        cells = [f'{fmt(q[l][1])}{" µs" if us else ""} ({fmt(q[l][0])} … {fmt(q[l][2])})' if l in q else '–' for l in LIBS]
        plain = f"{1e6*r['seconds']/r['batches']:.0f} µs" if us else f"1 ({r['seconds']:.2f} s)"
        low,mid,high = q.get('visionlab', [None]*3)
        yield [r['name'], plain, *cells, f"≤ +{r['target']} µs" if us else f"≤ {r['target']}", verdict(mid, r['target'], low, high)]

def import_rows(imp):
    s = imp['seconds']
    fmt = lambda k: '+{1:.2f} s (CPU {2:.2f})'.format(*s[k]) if k in s else '–'
    for name,k in (("`import visionlab.all` beyond torch, torchvision and matplotlib", 'visionlab'), ('the same under fastcore 2', 'visionlab2')):
        base = next(iter(s.values()))[0]
        yield [name, f'{s.get(k, [base])[0]:.2f} s', fmt(k), fmt('fastai'), fmt('lightning'), '≤ +0.5 s', verdict(s[k][1] if k in s else None, .5)]

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

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--rounds', type=int, default=15, help='rounds of the training loops')
    p.add_argument('--import-rounds', type=int, default=9)
    p.add_argument('--random', action='store_true', help='random pictures instead of MNIST')
    p.add_argument('--out', type=Path, default=here/'RESULTS.md')
    a = p.parse_args()
    t,load = time.time(),os.getloadavg()[0] if hasattr(os, 'getloadavg') else float('nan')
    prepare()
    loop,imp = measure(a)
    head = ['', 'plain PyTorch', 'visionlab', 'fastai', 'Lightning', 'to reach', 'visionlab']
    line = lambda cells: f"| {' | '.join(cells)} |"
    table = '\n'.join(map(line, [head, ['---']*len(head), *loop_rows(loop['rows']), *import_rows(imp)]))
    print('\n'+table)
    a.out.write_text(f"""# Measured side by side

Written by `make bench`. The claims are about ratios: every number is the median over rounds of a ratio to, or a difference from, the plain
loop of the same round in the same process, with quartiles in brackets. Nothing here is tested against a clock.

{table}

- **Hardware**: {hardware()}. Load average when it started: {load:.1f}.
- **Versions**: {versions()}.
- **Rounds**: {loop['rounds']} for the loops (all four take turns within a round, and a different one begins each time), {imp['rounds']} for the imports (fresh
  processes taking turns, one more round thrown away). It took {(time.time()-t)/60:.0f} minutes.
- **Work**: {loop['pictures']:,} {loop['data']} resident in memory, shuffled once an epoch and sliced; no validation, bars, loggers or checkpoints for anyone; torch's
  SGD with momentum for everyone. Before anything is timed all four must reach the same weights from the same seed. visionlab uses its own `DataLoader`, the
  others are given the plain loop's. fastai runs with its default callbacks, Lightning in `barebones` mode. The tiny model is 10-10-2 with batches of 16, the conv net
  1-8-16-32-64-10 with stride 2 and batchnorm.
""", encoding='utf-8')
    print(f'\nbench: wrote {a.out.relative_to(root) if a.out.is_relative_to(root) else a.out}')

if __name__ == '__main__': main()
