"""Make `.venv` and install visionlab into it, plus its development tools with `dev`: what the verbs of the Makefile run first.

Needs nothing but Python 3.10 with `venv`. The file named last is written only when everything is in place, so an installation that
broke off is finished by the next run, and one made for another folder or from older requirements is brought up to date. What pip says
goes to `.venv/install.log`; shown is one line that moves, or, where nobody watches, one every half minute."""
import glob, os, re, shutil, subprocess, sys, tempfile, time
from pathlib import Path

VENV = Path('.venv')
PY, LOG = VENV/'bin'/'python', VENV/'install.log'
EVERY = 30  # seconds between two lines of a log
HOOK = '''#!/bin/sh
# A commit holds tidy notebooks only. Written by tools/install.py of visionlab; to do without, remove this file.
[ -x .venv/bin/python ] && [ -e tools/tidy.py ] || exit 0
exec .venv/bin/python tools/tidy.py --staged
'''

def stop(*lines): sys.exit('\n'.join(('make: ' + lines[0], *('      ' + l for l in lines[1:]))))

def works(*args):
    try: return subprocess.run([PY, *args], capture_output=True).returncode == 0
    except OSError: return False

def bar(done, of): return '[' + ('#'*round(20*min(done/of, 1))).ljust(20, '.') + ']'

class Progress:
    "What pip is doing: read off the lines it writes, the files it fetches to `tmp`, and the packages that stand in `.venv`."
    def __init__(self, tmp):
        self.tmp, self.start, self.shown, self.said = tmp, time.time(), time.time(), ''
        self.fetched, self.name, self.size, self.todo = 0, '', 0, 0

    def read(self, line):
        if m := re.match(r'\s*(?:Downloading|Using cached|Processing) (?:\S*/)?([^/\s]+\.(?:whl|zip|tar\.gz))(?: \(([\d.]+) (\w)B\))?', line):
            self.fetched, self.name, self.size = self.fetched + 1, m[1], float(m[2] or 0)*dict(k=1e-3, M=1, G=1e3).get(m[3], 0)*('Downloading' in line)
        if line.startswith('Installing collected packages:'): self.todo, self.start_todo = line.count(',') + 1, time.time()

    def now(self): # in words
        if self.todo:
            done = sum(d.stat().st_mtime >= self.start_todo - 1 for d in VENV.glob('lib/python*/site-packages/*.dist-info'))
            return f'installing {bar(done, self.todo)} {min(done, self.todo)} of {self.todo} packages'
        here = max((os.path.getsize(f) for f in glob.glob(f'{glob.escape(self.tmp)}/*/{glob.escape(self.name)}')), default=0)/1e6 if self.name else 0
        part = f'{bar(here, self.size)} {here:.0f} of {self.size:.0f} MB, ' if self.size >= 1 else ''
        return f'fetching {part}{"-".join(self.name.split("-")[:2])} (package {self.fetched})' if self.name else 'asking what is needed'

    def show(self):
        now, took = self.now(), time.time() - self.start
        said = f'make: {int(took//60)}:{int(took%60):02} {now}'
        if sys.stdout.isatty(): print('\r' + said[:shutil.get_terminal_size().columns - 1].ljust(len(self.said)), end='', flush=True)
        elif time.time() - self.shown > EVERY:
            print(said, flush=True)
            self.shown = time.time()
        self.said = said

def pip(*args):
    "Run pip behind one line. Gives what it said last when it failed."
    with tempfile.TemporaryDirectory() as tmp, LOG.open('w+', encoding='utf-8', errors='replace') as log:
        env = os.environ | dict(TMPDIR=tmp, PYTHONUNBUFFERED='1', PYTHONIOENCODING='utf-8', PIP_PROGRESS_BAR='off', PIP_NO_COLOR='1')
        cmd = [PY, '-m', 'pip', '--disable-pip-version-check', '--no-input', *args]
        p, progress = subprocess.Popen(cmd, stdout=log, stderr=subprocess.STDOUT, env=env, stdin=subprocess.DEVNULL), Progress(tmp)
        with LOG.open(encoding='utf-8', errors='replace') as lines:
            try:
                while (running := p.poll() is None) or lines.tell() < LOG.stat().st_size:
                    for line in lines: progress.read(line)
                    progress.show()
                    if running: time.sleep(.2)
            except KeyboardInterrupt:
                p.wait()
                stop('', 'stopped; the same command goes on from here.')
        if sys.stdout.isatty(): print('\r' + ' '*len(progress.said) + '\r', end='')
        if p.returncode: return [l for l in LOG.read_text(encoding='utf-8', errors='replace').splitlines() if not l.startswith(('WARNING', 'Requirement already'))][-15:] or ['nothing']
        print(f'make: done in {time.time() - progress.start:.0f} s', flush=True)

def keep_notebooks_clean():
    "Have git look at notebooks before a commit, where this is a checkout whose hooks are nobody else's."
    if not Path('.git').exists() or subprocess.run(['git', 'config', 'core.hooksPath'], capture_output=True).returncode == 0: return
    where = subprocess.run(['git', 'rev-parse', '--git-path', 'hooks'], capture_output=True, text=True).stdout.strip()
    hook = Path(where)/'pre-commit'
    if not where or hook.exists() and 'visionlab' not in hook.read_text(encoding='utf-8', errors='replace'): return
    hook.parent.mkdir(parents=True, exist_ok=True)
    hook.write_text(HOOK, encoding='utf-8')
    hook.chmod(0o755)

def main(stamp, dev):
    v = sys.version_info
    if v < (3, 10): stop(f'visionlab needs Python 3.10 or newer, and this is {v[0]}.{v[1]} ({sys.executable}).', 'Name a newer one: make PYTHON=python3.12 ...')
    if not works('-m', 'pip', '--version'):
        print(f'make: creating .venv with Python {v[0]}.{v[1]}', flush=True)
        shutil.rmtree(VENV, ignore_errors=True)
        r = subprocess.run([sys.executable, '-m', 'venv', VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if r.returncode or not works('-m', 'pip', '--version'):
            shutil.rmtree(VENV, ignore_errors=True)
            stop('this Python could not create .venv, and says:', *r.stdout.strip().splitlines(), '(on Debian and Ubuntu: apt install python3-venv)')
    if not works('-c', 'import sys; assert sys.version_info >= (3, 10)'): stop('the Python in .venv is older than 3.10: remove the folder .venv and try again.')
    print(f'make: installing visionlab{" and its development tools" if dev else ""} into .venv (PyTorch is large: minutes the first time)', flush=True)
    if said := pip('install', '-e', '.[dev]' if dev else '.'):
        stop('pip could not install what is needed, and says:', *said, '', f'All it said is in {LOG}. Once that is mended, the same command goes on from here.')
    if dev:
        try: keep_notebooks_clean()
        except OSError: pass  # no git, or a folder that may not be written: nothing that installing should fail for
    for s in stamp: Path(s).touch()

if __name__ == '__main__': main(sys.argv[1:], any('dev' in s for s in sys.argv[1:]))
